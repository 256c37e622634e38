import { encodeEnvelope, type Message, type Route } from '@ctq/messaging';
import { loadVectors } from '@ctq/wire-vectors';
import { describe, expect, it } from 'vitest';
import { Ctq } from '../app/ctq.js';
import { chain } from '../canvas/chain.js';
import { chord } from '../canvas/chord.js';
import { group } from '../canvas/group.js';

const T = (n: number): string =>
  `${n.toString(16).padStart(8, '0')}-0000-4000-8000-${n.toString(16).padStart(12, '0')}`;

function setup() {
  const sent: { message: Message; route: Route }[] = [];
  const app = new Ctq('wire', {
    broker: 'memory://',
    backend: 'memory://',
    taskProtocol: 1,
    interceptors: [{ name: 'capture', publish: async ({ message, route }) => void sent.push({ message, route }) }],
  });
  return {
    app,
    sent,
    add: app.task('wire.add', (x: number, y: number) => x + y),
    mul: app.task('wire.mul', (x: number, y: number) => x * y),
    ident: app.task('wire.ident', (x: unknown) => x),
    xsum: app.task('wire.xsum', (all: number[]) => all.length),
    errOld: app.task('wire.err_old', (id: unknown) => id),
  };
}

/** The captured call, made with ctq; what is not the caller's to set is left out. */
const calls: Record<string, (client: ReturnType<typeof setup>) => Promise<unknown>> = {
  v1_plain: ({ add }) => add.applyAsync([2, 3], { taskId: T(201) }),
  v1_kwargs: ({ app }) => app.sendTask('wire.echo', [1], { a: 2 }, { taskId: T(202) }),
  v1_countdown: ({ add }) => add.applyAsync([2, 3], { taskId: T(203), countdown: 3_600 }),
  v1_expires: ({ add }) => add.applyAsync([2, 3], { taskId: T(204), expires: 3_600 }),
  v1_link: ({ add, mul, errOld }) => add.applyAsync([2, 3], { taskId: T(205), link: mul.s(2), linkError: errOld.s() }),
  v1_chain: ({ add, mul, ident }) => chain(add.s(1, 2), mul.s(3), ident.s()).delay(),
  v1_chord: ({ add, xsum }) => chord([add.s(1, 1), add.s(2, 2)], xsum.s()).delay(),
  v1_group: ({ add }) => group([add.s(1, 1), add.s(2, 2)]).delay(),
  v1_headers: ({ add }) => add.applyAsync([2, 3], { taskId: T(207), headers: { x: 1 } }),
};

const elsewhere: Record<string, string> = {
  v1_limits: "the number of retries is not the caller's to set; the limits are shown below",
};

describe('calls with taskProtocol 1', () => {
  const vectors = loadVectors('task_messages_v1.redis');

  it('of every capture are compared, or there is a reason why not', () => {
    expect(vectors.map(({ name }) => name).filter((name) => !(name in calls) && !(name in elsewhere))).toEqual([]);
  });

  it.each(vectors.filter(({ name }) => name in calls))(
    'send the captured message: $name [ST-168, TR-285, TR-286, TR-289]',
    async (vector) => {
      const client = setup();
      await calls[vector.name]?.(client);
      const payloads = (vector.raw['messages'] as { payload: string }[]).map(({ payload }) => payload);
      const sent = client.sent.map(({ message, route }) => encodeEnvelope(message, route, 'tag'));
      expect(comparable(sent)).toEqual(comparable(payloads));
      await client.app.close();
    },
  );

  it('carry the time limits [TR-234, TR-285]', async () => {
    const { add, sent } = setup();
    await add.applyAsync([2, 3], { timeLimit: 10, softTimeLimit: 5 });
    expect(JSON.parse(Buffer.from(sent[0]?.message.body ?? []).toString())).toMatchObject({ timelimit: [10, 5] });
  });
});

/** Envelopes without what differs from run to run: generated ids are numbered as they first appear. */
function comparable(payloads: readonly string[]): unknown {
  const ids = new Map<string, string>();
  const numbered = (text: string): unknown =>
    JSON.parse(
      text
        .replaceAll(/[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/g, (id) => {
          if (!ids.has(id)) ids.set(id, `id ${ids.size}`);
          return ids.get(id) ?? '';
        })
        .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{6})?/g, '<time>'),
    );
  return payloads.map((payload) => {
    const { body, properties, ...rest } = JSON.parse(payload) as Record<string, unknown> & {
      readonly body: string;
      readonly properties: Readonly<Record<string, unknown>>;
    };
    const { delivery_tag: _, ...kept } = properties;
    return [numbered(Buffer.from(body, 'base64').toString()), numbered(JSON.stringify({ ...rest, properties: kept }))];
  });
}
