import { isDeepStrictEqual } from 'node:util';
import { isSameValue, queue } from '@ctq/messaging';
import { redisDatabase } from '@ctq/test-services';
import { describeWith } from '@ctq/test-services/vitest';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { CtqPeer } from './ctq-peer.js';
import { makingPythonMs, pythonWithCelery } from './python/environment.js';
import { KombuPeer } from './python/kombu-peer.js';
import { pickleValues, type ValuePair, valuesIn } from './values.js';

const formats = [
  ['json', '[MS-175, MS-183, MS-184]'],
  ['yaml', '[MS-176]'],
  ['msgpack', '[MS-178]'],
] as const;
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
const steps = [0, 3, 6, 9];
const stepOf = (priority: number): number => steps.filter((step) => step <= priority).length;

describeWith('redis', 'Messages between Kombu and ctq', (url) => {
  const broker = redisDatabase(url, 'interopBodies');
  const site = { broker, backend: broker };
  const admin = new Redis(site.broker);
  let kombu: KombuPeer;
  let ctq: CtqPeer;

  beforeAll(async () => {
    const python = await pythonWithCelery();
    await admin.flushdb();
    kombu = new KombuPeer(python, site);
    ctq = new CtqPeer({ url: site.broker });
  }, makingPythonMs);

  // Whoever received them acknowledged them: nothing waits, nothing is held.
  afterEach(async () => {
    const keys = await admin.keys('*');
    const messages = keys.filter((key) => !/^(?:_kombu\.|ctq\.(?!held|delayed))/.test(key));
    if (messages.length > 0) throw new Error(`Something is left: ${messages.join(', ')}`);
  });

  afterAll(async () => {
    await ctq[Symbol.asyncDispose]();
    await kombu[Symbol.asyncDispose]();
    admin.disconnect();
  });

  describe.each(formats)('in %s %s', (serializer) => {
    const values = valuesIn(serializer);
    // Every priority has some of the values; what is equally urgent stays in its order.
    const sent = values.map(([python, own], index) => ({ python, own, priority: (index * 7) % 10 }));
    const inOrder = sent.toSorted((a, b) => stepOf(a.priority) - stepOf(b.priority));

    test.each(compressions)(
      'are read by ctq as Kombu sent them, most urgent first, compression %s %s [MS-132]',
      async (compression) => {
        const name = crypto.randomUUID();
        const options = { serializer, ...(compression === 'none' ? {} : { compression }) };
        await kombu.publish(
          sent.map(({ python, priority }) => ({ body: python, routingKey: name, options: { ...options, priority } })),
        );
        const received = await ctq.take(queue(name), sent.length);
        expect(received.map(({ priority }) => priority)).toEqual(inOrder.map(({ priority }) => priority));
        const wrong = received.filter(({ body }, index) => !isSameValue(body, inOrder[index]?.own));
        expect(wrong).toEqual([]);
      },
    );

    test.each(compressions)(
      'are read by Kombu as ctq sent them, most urgent first, compression %s %s [MS-132]',
      async (compression) => {
        const name = crypto.randomUUID();
        const options = { serializer, ...(compression === 'none' ? {} : { compression }) };
        await ctq.publish(
          sent.map(({ own, priority }) => ({ body: own, routingKey: name, priority })),
          options,
        );
        const received = await kombu.take({ name }, sent.length);
        expect(received.map(({ body, priority }) => ({ body, priority }))).toEqual(
          inOrder.map(({ python, priority }) => ({ body: python, priority })),
        );
      },
    );
  });

  test.each(['none', 'gzip', 'zstd'])(
    'that Kombu pickled are read by ctq, which accepts plain data, compression %s [MS-177]',
    async (compression) => {
      const name = crypto.randomUUID();
      const options = { serializer: 'pickle', ...(compression === 'none' ? {} : { compression }) };
      const values = [...valuesIn('pickle'), ...pickleValues];
      await kombu.publish(values.map(([body]) => ({ body, routingKey: name, options })));
      const received = await ctq.take(queue(name), values.length);
      expect(
        received.filter(
          ({ body }, index) => !isDeepStrictEqual(body, values[index]?.[1]) && !isSameValue(body, values[index]?.[1]),
        ),
      ).toEqual([]);
    },
  );

  test('that are text or bytes are left as they are, both ways [MS-179, MS-182, MS-190] {kombu → ctq: raw bodies} {ctq → kombu: raw bodies}', async () => {
    const name = crypto.randomUUID();
    const values: readonly ValuePair[] = [
      ["'naïve\\n'", 'naïve\n'],
      ["b'\\x00\\xff'", new Uint8Array([0, 255])],
    ];
    await kombu.publish(values.map(([body]) => ({ body, routingKey: name })));
    const received = await ctq.take(queue(name), values.length);
    expect(received.map(({ body }, index) => isSameValue(body, values[index]?.[1]))).toEqual([true, true]);
    await ctq.publish(values.map(([, body]) => ({ body, routingKey: name })));
    expect((await kombu.take({ name }, values.length)).map(({ body }) => body)).toEqual(values.map(([body]) => body));
  });

  test('come in one order, whoever sent them and whoever takes them [MS-097, MS-132, MS-133] {kombu → ctq: priority order} {ctq → kombu: priority order}', async () => {
    // Without a priority is 0, the most urgent.
    const priorities = [9, 4, 0, 6, undefined, 8, 2, 3, 9, 1, 7, 5, undefined, 3, 6];
    const bodies = priorities.map((_, index) => index);
    const expected = bodies.toSorted((a, b) => stepOf(priorities[a] ?? 0) - stepOf(priorities[b] ?? 0));
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
        const name = crypto.randomUUID();
        await send(name);
        const taken = taker === 'kombu' ? kombu.take({ name }, bodies.length) : ctq.take(queue(name), bodies.length);
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
