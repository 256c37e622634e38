import type { Message } from '@ctq/messaging';
import { describe, expect, it } from 'vitest';
import { capturedMessages } from '../__fixtures__/captured-messages.js';
import { Ctq } from '../app/ctq.js';
import { memoryBackend } from '../backend/memory-backend.js';
import { chain } from './chain.js';
import { chord } from './chord.js';
import { group } from './group.js';
import type { AnySignature } from './signature.js';
import { stampsAndOptions } from './stamping-visitor.js';

/** The client of the captures, with calls that stop before the broker. */
function setup() {
  const sent: Message[] = [];
  const app = new Ctq('wire', {
    broker: 'memory://',
    backend: memoryBackend(),
    interceptors: [{ name: 'capture', publish: async ({ message }) => void sent.push(message) }],
  });
  return {
    app,
    sent,
    add: app.task('wire.add', (x: number, y: number) => x + y),
    mul: app.task('wire.mul', (x: number, y: number) => x * y),
    xsum: app.task('wire.xsum', (numbers: readonly number[]) => numbers.reduce((sum, one) => sum + one, 0)),
  };
}

/** The captured workflow, made with ctq. */
const workflows: Readonly<Record<string, (client: ReturnType<typeof setup>) => AnySignature>> = {
  stamped_chain: ({ add, mul }) => chain(add.s(1, 1), mul.s(2)).stamp({ tenant: 'blue' }),
  stamped_group: ({ add }) => group([add.s(1, 1), add.s(2, 2)]).stamp({ tenant: ['blue', 'green'] }),
  stamped_chord: ({ add, xsum }) => chord([add.s(1, 1), add.s(2, 2)], xsum.s()).stamp({ tenant: 'blue' }),
  stamp_visitor: ({ add }) =>
    group([add.s(1, 1), add.s(2, 2)]).stamp({ onSignature: ({ task }) => stampsAndOptions({ mtask_id: task }, {}) }),
};

const captured = capturedMessages('canvas').filter(({ vector }) => vector.name in workflows);
const files = [...new Set(captured.map(({ title }) => title.split(':')[0]))];

describe('a stamped workflow', () => {
  it('is compared with what Celery sent over both brokers', () => {
    expect(files.toSorted()).toEqual(['canvas.amqp', 'canvas.redis']);
  });

  const cases = files.flatMap((file) => Object.keys(workflows).map((name) => ({ file, name })));

  it.each(cases)('sends the captured messages: $file $name [CV-135, CV-391]', async ({ file, name }) => {
    const client = setup();
    const { app, sent } = client;
    await workflows[name]?.(client).applyAsync();
    const theirs = captured.filter(({ vector, title }) => vector.name === name && title.startsWith(`${file}:`));
    expect(theirs).not.toHaveLength(0);
    expect(comparable(sent.map(partsOf))).toEqual(
      comparable(theirs.map(({ message }) => (name === 'stamped_chord' ? withStampedBody : same)(partsOf(message)))),
    );
    await app.close();
  });
});

interface Parts {
  readonly headers: Readonly<Record<string, unknown>>;
  readonly headerNames: readonly string[];
  readonly body: readonly [unknown, unknown, { readonly chord?: { readonly options: object } }];
}

function partsOf({ body, headers }: Message): Parts {
  const { lang: _, origin: __, ...rest } = headers;
  return {
    headers: rest,
    headerNames: Object.keys(headers),
    body: JSON.parse(Buffer.from(body).toString()) as Parts['body'],
  };
}

function same(parts: Parts): Parts {
  return parts;
}

/** Celery leaves the body of a chord alone when it is given plain stamps. */
function withStampedBody({ body: [args, kwargs, embed], ...rest }: Parts): Parts {
  const { chord: end, ...others } = embed;
  const options = { ...end?.options, tenant: 'blue', stamped_headers: ['tenant'] };
  return { ...rest, body: [args, kwargs, { ...others, chord: { ...end, options } }] };
}

/** With ids as their numbers, in the order in which they come. */
function comparable(messages: readonly Parts[]): unknown {
  const numbers = new Map<string, string>();
  const numbered = (value: unknown): unknown => {
    if (typeof value === 'string')
      return value.replaceAll(/[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}/g, (id) => {
        const number = numbers.get(id) ?? `id ${numbers.size + 1}`;
        numbers.set(id, number);
        return number;
      });
    if (Array.isArray(value)) return value.map(numbered);
    if (typeof value !== 'object' || value === null) return value;
    const members = Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1));
    return Object.fromEntries(members.map(([key, member]) => [key, numbered(member)]));
  };
  return numbered(messages);
}
