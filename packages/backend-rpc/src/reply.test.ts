import { type CallOptions, chain, createResultCodec, type Ctq, group, RemoteError, type Task } from '@ctq/core';
import { createContentCodec, jsonSerializer, type Message, type MessageProperties } from '@ctq/messaging';
import { loadVectors } from '@ctq/wire-vectors';
import { describe, expect, test } from 'vitest';
import { RpcScene } from './__fixtures__/rpc-scene.js';
import { decodeReply, encodeReply, replyQueue } from './reply.js';

interface RawReply {
  readonly exchange: string;
  readonly mandatory: boolean;
  readonly routing_key: string;
  readonly properties: Readonly<Record<string, unknown>>;
  readonly body: string;
}

const codec = createResultCodec(createContentCodec(), 'json');
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

function repliesOf(file: string) {
  return loadVectors(file).flatMap(({ name, raw }) =>
    (raw.result_messages as readonly RawReply[]).map((reply, index) => ({
      title: `${name} ${index + 1}`,
      name,
      reply,
    })),
  );
}

function messageOf({ properties, body }: RawReply): Message {
  const { headers, 'content-type': contentType, 'content-encoding': contentEncoding, ...basic } = properties;
  const renamed = Object.entries(basic).map(([name, value]) => [
    name.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase()),
    value,
  ]);
  return {
    body: new TextEncoder().encode(body),
    contentType: String(contentType),
    contentEncoding: String(contentEncoding),
    headers: headers as Message['headers'],
    properties: Object.fromEntries(renamed) as MessageProperties,
  };
}

describe('Messages of real Celery with results', () => {
  test.each(repliesOf('rpc_results.amqp'))(
    '[BK-064, BK-066] $title is read, and written again to the byte, but for spaces',
    ({ reply }) => {
      const message = messageOf(reply);
      const found = decodeReply(codec, message);
      if (found === undefined) throw new Error('It tells nothing.');
      const again = encodeReply(codec, found, false);
      expect(text(again.body)).toBe(JSON.stringify(JSON.parse(reply.body)));
      expect({ ...again, body: reply.body }).toEqual({ ...message, body: reply.body });
      expect([reply.exchange, reply.mandatory, reply.properties['correlation-id']]).toEqual(['', false, found.taskId]);
    },
  );

  test.each(repliesOf('release/rpc_results.amqp'))('[BK-064] $title of the release is read', ({ reply }) => {
    const { task_id, status, children } = jsonSerializer.parse(reply.body) as Readonly<Record<string, unknown>>;
    expect(decodeReply(codec, messageOf(reply))).toMatchObject({ taskId: task_id, status, children, dateDone: null });
  });
});

/** What a worker of ctq is asked, in Python's words beside each capture. */
const calls: Readonly<Record<string, (app: Ctq, options: CallOptions) => Promise<unknown>>> = {
  success: (app, options) => app.sendTask('wire.add', [1, 2], {}, options),
  success_bytes: (app, options) => app.sendTask('wire.bytes', [], {}, options),
  failure: (app, options) => app.sendTask('wire.fail', ['ValueError', 'builtins', ['x']], {}, options),
  failure_custom: (app, options) => app.sendTask('wire.fail', ['OutOfStock', 'wapp', ['sku-1', 3]], {}, options),
  retry: (app, options) => app.sendTask('wire.retry_once', [], {}, options),
  progress: (app, options) => app.sendTask('wire.progress', [], {}, options),
  started: (app, options) => app.sendTask('wire.started', [], {}, options),
  chain: (app, options) => chain(add(app).s(1, 2).set(options), mul(app).s(10).set(options)).delay(),
  group: (app, options) => group([add(app).s(1, 1).set(options), add(app).s(2, 2).set(options)]).delay(),
  hard_time_limit: (app, options) => app.sendTask('wire.hard', [], {}, options),
};

/** Where it answers otherwise. Of errors Python's three members are compared: what only ctq knows of them stands beside those. */
const differences: Readonly<Record<string, { readonly why: string; change(python: Said[]): Said[] }>> = {
  retry: {
    why: 'an attempt does not count as its own child',
    change: ([retry, ...rest]) => [{ ...retry, children: [] }, ...rest],
  },
  hard_time_limit: { why: 'a limit is told once; Python tells it twice', change: ([first]) => (first ? [first] : []) },
  chord: { why: 'Python refuses it, and so does ctq without a store: chords.test.ts', change: () => [] },
};

type Said = Readonly<Record<string, unknown>>;

const add = (app: Ctq) => app.remote<Task<[x: number, y: number], number>>('wire.add');
const mul = (app: Ctq) => app.remote<Task<[x: number, y: number], number>>('wire.mul');

function wireTasks(app: Ctq): void {
  app.task('wire.add', (x: number, y: number) => x + y);
  app.task('wire.mul', (x: number, y: number) => x * y);
  app.task('wire.bytes', () => new TextEncoder().encode('abc'));
  app.task('wire.fail', (excType: string, excModule: string, excMessage: readonly unknown[]) => {
    throw new RemoteError('', { excType, excModule, excMessage });
  });
  app.task('wire.retry_once', { bind: true }, (ctx) => {
    const error = new RemoteError('', { excType: 'ValueError', excModule: 'builtins', excMessage: ['first'] });
    return ctx.request.retries === 0 ? ctx.retry({ countdown: 0, error }) : 'ok after 1';
  });
  app.task('wire.progress', { bind: true }, async (ctx) => {
    await ctx.updateState('PROGRESS', { current: 1, total: 3 });
    return 'done';
  });
  app.task('wire.started', { trackStarted: true }, () => 'was started');
  app.task('wire.hard', { bind: true, timeLimit: '1s' }, async (ctx) => {
    await new Promise((resolve) => ctx.signal.addEventListener('abort', resolve));
  });
}

/** A document in the order of its members, without what is another one each time. */
function comparable(body: string, ids: Map<string, string>): Said {
  const document = JSON.parse(body, (_, value: unknown) => {
    if (typeof value !== 'string' || !/^[0-9a-f]{8}-[0-9a-f-]{27}$/.test(value)) return value;
    if (!ids.has(value)) ids.set(value, `id ${ids.size + 1}`);
    return ids.get(value);
  }) as Record<string, unknown>;
  const { exc_type, exc_message, exc_module, pid } = Object(document.result) as Said;
  if (exc_type !== undefined) document.result = { exc_type, exc_message, exc_module };
  if (pid !== undefined) document.result = 'pid and hostname';
  if (document.date_done !== null) document.date_done = 'a date';
  if (document.traceback !== null) document.traceback = 'a stack';
  return document;
}

describe('A worker of ctq', () => {
  const vectors = loadVectors('rpc_results.amqp').map(({ name, raw }) => ({
    name,
    replies: raw.result_messages as readonly RawReply[],
  }));

  test('is asked for every capture, or there is a reason why not', () => {
    const named = [...Object.keys(calls), 'chord'];
    expect(vectors.map(({ name }) => name).sort()).toEqual(named.sort());
    expect(Object.keys(differences).filter((name) => !named.includes(name))).toEqual([]);
  });

  test.each(vectors.filter(({ name }) => name in calls))(
    '[BK-064, BK-066] tells what a Python worker tells: $name',
    async ({ name, replies }) => {
      const scene = new RpcScene();
      const server = scene.app();
      wireTasks(server);
      const worker = await scene.start(server);
      const replyTo = crypto.randomUUID();
      const come = await scene.messagesTo(replyTo);
      await calls[name]?.(scene.app(), { replyTo });
      const python = replies.map(({ body }) => body);
      const ids = new Map<string, string>();
      const expected = python.map((body) => comparable(body, ids));
      const changed = differences[name]?.change(expected) ?? expected;
      const messages: Message[] = [];
      while (messages.length < changed.length) messages.push(await come.next());
      // There is nothing more to come.
      await worker.stop();
      await server.close();
      expect(come.waiting).toBe(0);
      const own = new Map<string, string>();
      const said = messages.map(({ body }) => comparable(text(body), own));
      // As text, so that the order of the members counts.
      expect(said.map((document) => JSON.stringify(document))).toEqual(
        changed.map((document) => JSON.stringify(document)),
      );
      const [first] = replies;
      if (first === undefined) throw new Error('Nothing was captured.');
      const { correlationId: _, ...properties } = messageOf(first).properties;
      for (const message of messages) {
        const { contentType, contentEncoding, headers } = messageOf(first);
        expect(message).toMatchObject({ contentType, contentEncoding });
        expect(message.headers).toEqual(headers);
        const { task_id } = JSON.parse(text(message.body)) as Said;
        expect(message.properties).toEqual({ ...properties, correlationId: task_id });
      }
    },
  );
});

describe('The queue of replies', () => {
  test('[BK-065, BK-073] is durable, goes with its consumer, and when it was unused for as long as results are kept', () => {
    expect(replyQueue('oid', 86_400_000)).toMatchObject({
      name: 'oid',
      durable: true,
      exclusive: false,
      autoDelete: true,
      arguments: { 'x-expires': 86_400_000 },
      exchange: { name: '' },
      bindings: [],
    });
    expect(replyQueue('oid', undefined).arguments).toEqual({});
  });
});
