import { isDeepStrictEqual } from 'node:util';
import { isSameValue, queue } from '@ctq/messaging';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { BrokerName } from './brokers.js';
import { CtqPeer } from './ctq-peer.js';
import { describeOverBrokers } from './places.js';
import { makingPythonMs, pythonWithCelery } from './python/environment.js';
import { KombuPeer } from './python/kombu-peer.js';
import { pickleValues, type ValuePair, valuesIn } from './values.js';

const formats = [
  ['json', '[MS-175, MS-183, MS-184]'],
  ['yaml', '[MS-176]'],
  ['msgpack', '[MS-178]'],
] as const;
/** By each of the names that Kombu has for it. */
const compressions: readonly (readonly [compression: string, rows: string])[] = [
  ['none', ''],
  ['gzip', '[MS-196, MS-202]'],
  ['zlib', '[MS-196, MS-202]'],
  ['brotli', '[MS-198, MS-202]'],
  ['bzip2', '[MS-197, MS-202]'],
  ['bzip', '[MS-197, MS-202]'],
  ['lzma', '[MS-199, MS-202]'],
  ['xz', '[MS-199, MS-202]'],
  ['zstd', '[MS-200, MS-202]'],
  ['zstandard', '[MS-200, MS-202]'],
];
/** Names are no matter of the broker, and RabbitMQ has several kinds of queues. */
const compressionsOver: Readonly<Record<BrokerName, typeof compressions>> = {
  Redis: compressions,
  RabbitMQ: compressions.filter(([name]) => !['zlib', 'bzip', 'xz', 'zstandard'].includes(name)),
};

/** A kind of queue, and in which order it gives what waits. */
interface QueueKind {
  readonly title: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  /** What has the same rank stays in its order. */
  rank(priority: number): number;
}

const steps = [0, 3, 6, 9];
const kinds: Readonly<Record<BrokerName, readonly QueueKind[]>> = {
  Redis: [{ title: ' [MS-132]', arguments: {}, rank: (priority) => steps.filter((step) => step <= priority).length }],
  RabbitMQ: [
    { title: ', classic queue', arguments: {}, rank: () => 0 },
    { title: ', queue with priorities to 9', arguments: { 'x-max-priority': 9 }, rank: (priority) => -priority },
    { title: ', queue with priorities to 10', arguments: { 'x-max-priority': 10 }, rank: (priority) => -priority },
    // The same priority for all: RabbitMQ 4 has two in quorum queues, older servers have none.
    { title: ', quorum queue', arguments: { 'x-queue-type': 'quorum' }, rank: () => 0 },
  ],
};

describeOverBrokers('Messages between Kombu and ctq', { redis: 'interopBodies', amqp: 'interopBodies' }, (place) => {
  const admin = new Redis(place.backend);
  let kombu: KombuPeer;
  let ctq: CtqPeer;
  const made: string[] = [];

  beforeAll(async () => {
    const python = await pythonWithCelery();
    await admin.flushdb();
    kombu = new KombuPeer(python, place);
    ctq = new CtqPeer(place);
  }, makingPythonMs);

  // Whoever received them acknowledged them: nothing waits, nothing is held.
  afterEach(async () => {
    const keys = await admin.keys('*');
    const messages = keys.filter((key) => !/^(?:_kombu\.|ctq\.(?!held|delayed))/.test(key));
    if (messages.length > 0) throw new Error(`Something is left: ${messages.join(', ')}`);
    const left = place.on === 'Redis' ? 0 : await ctq.deleteQueues(made.splice(0));
    if (left > 0) throw new Error(`${left} messages are left.`);
  });

  afterAll(async () => {
    await ctq[Symbol.asyncDispose]();
    await kombu[Symbol.asyncDispose]();
    admin.disconnect();
  });

  /** A queue of a test's own, as both describe it; whoever sends declares it, and then whoever receives. */
  function newQueue(given: Readonly<Record<string, unknown>> = {}) {
    const name = crypto.randomUUID();
    made.push(name);
    return { name, ours: queue(name, { arguments: given }), theirs: { name, arguments: given } };
  }

  const grid = kinds[place.on].flatMap((kind) =>
    formats.map(([serializer, rows]) => [`${serializer}${kind.title} ${rows}`, kind, serializer] as const),
  );

  describe.each(grid)('in %s', (_title, kind, serializer) => {
    const values = valuesIn(serializer);
    const isRanked = kind.arguments['x-queue-type'] !== 'quorum';
    // Every priority has some of the values.
    const sent = values.map(([python, own], index) => ({ python, own, priority: isRanked ? (index * 7) % 10 : 4 }));
    const most = Number(kind.arguments['x-max-priority'] ?? 9);
    const inOrder = sent.toSorted(
      (a, b) => kind.rank(Math.min(a.priority, most)) - kind.rank(Math.min(b.priority, most)),
    );

    test.each(compressionsOver[place.on])(
      'are read by ctq as Kombu sent them, most urgent first, compression %s %s',
      async (compression) => {
        const { name, ours, theirs } = newQueue(kind.arguments);
        const options = { serializer, ...(compression === 'none' ? {} : { compression }) };
        await kombu.declare([theirs]);
        await kombu.publish(
          sent.map(({ python, priority }) => ({ body: python, routingKey: name, options: { ...options, priority } })),
        );
        const received = await ctq.take(ours, sent.length);
        expect(received.map(({ priority }) => priority)).toEqual(inOrder.map(({ priority }) => priority));
        const wrong = received.filter(({ body }, index) => !isSameValue(body, inOrder[index]?.own));
        expect(wrong).toEqual([]);
      },
    );

    test.each(compressionsOver[place.on])(
      'are read by Kombu as ctq sent them, most urgent first, compression %s %s',
      async (compression) => {
        const { name, ours, theirs } = newQueue(kind.arguments);
        const options = { serializer, ...(compression === 'none' ? {} : { compression }) };
        await ctq.declare([ours]);
        await ctq.publish(
          sent.map(({ own, priority }) => ({ body: own, routingKey: name, priority })),
          options,
        );
        const received = await kombu.take(theirs, sent.length);
        expect(received.map(({ body, priority }) => ({ body, priority }))).toEqual(
          inOrder.map(({ python, priority }) => ({ body: python, priority })),
        );
      },
    );
  });

  test.each(['none', 'gzip', 'zstd'])(
    'that Kombu pickled are read by ctq, which accepts plain data, compression %s [MS-177]',
    async (compression) => {
      const { name, ours, theirs } = newQueue();
      const options = { serializer: 'pickle', ...(compression === 'none' ? {} : { compression }) };
      const values = [...valuesIn('pickle'), ...pickleValues];
      await kombu.declare([theirs]);
      await kombu.publish(values.map(([body]) => ({ body, routingKey: name, options })));
      const received = await ctq.take(ours, values.length);
      expect(
        received.filter(
          ({ body }, index) => !isDeepStrictEqual(body, values[index]?.[1]) && !isSameValue(body, values[index]?.[1]),
        ),
      ).toEqual([]);
    },
  );

  test('that are text or bytes are left as they are, both ways [MS-179, MS-182, MS-190] {kombu → ctq: raw bodies} {ctq → kombu: raw bodies}', async () => {
    const { name, ours, theirs } = newQueue();
    const values: readonly ValuePair[] = [
      ["'naïve\\n'", 'naïve\n'],
      ["b'\\x00\\xff'", new Uint8Array([0, 255])],
    ];
    await kombu.declare([theirs]);
    await kombu.publish(values.map(([body]) => ({ body, routingKey: name })));
    const received = await ctq.take(ours, values.length);
    expect(received.map(({ body }, index) => isSameValue(body, values[index]?.[1]))).toEqual([true, true]);
    await ctq.publish(values.map(([, body]) => ({ body, routingKey: name })));
    expect((await kombu.take(theirs, values.length)).map(({ body }) => body)).toEqual(values.map(([body]) => body));
  });

  test('come in one order, whoever sent them and whoever takes them [MS-097] {kombu → ctq: priority order} {ctq → kombu: priority order}', async () => {
    // Without a priority is 0: the most urgent on Redis, the least on RabbitMQ.
    const priorities = [9, 4, 0, 6, undefined, 8, 2, 3, 9, 1, 7, 5, undefined, 3, 6];
    const bodies = priorities.map((_, index) => index);
    const kind = kinds[place.on].at(place.on === 'Redis' ? 0 : 2) as QueueKind;
    const expected = bodies.toSorted((a, b) => kind.rank(priorities[a] ?? 0) - kind.rank(priorities[b] ?? 0));
    const senders = {
      kombu: (name: string) =>
        kombu.publish(
          bodies.map((body) => ({ body: String(body), routingKey: name, options: { priority: priorities[body] } })),
        ),
      ctq: (name: string) =>
        ctq.publish(
          bodies.map((body) => {
            const priority = priorities[body];
            return { body, routingKey: name, ...(priority === undefined ? {} : { priority }) };
          }),
        ),
    };
    const orders: Record<string, unknown> = {};
    for (const [sender, send] of Object.entries(senders)) {
      for (const taker of ['kombu', 'ctq']) {
        const { name, ours, theirs } = newQueue(kind.arguments);
        await ctq.declare([ours]);
        await send(name);
        const taken = taker === 'kombu' ? kombu.take(theirs, bodies.length) : ctq.take(ours, bodies.length);
        orders[`${sender} to ${taker}`] = (await taken).map(({ body }) => Number(body));
      }
    }
    expect(orders).toEqual({
      'kombu to kombu': expected,
      'kombu to ctq': expected,
      'ctq to kombu': expected,
      'ctq to ctq': expected,
    });
  });
});
