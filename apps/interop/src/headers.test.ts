import { queue } from '@ctq/messaging';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CtqPeer } from './ctq-peer.js';
import { describeOverRabbitMq } from './places.js';
import { makingPythonMs, pythonWithCelery } from './python/environment.js';
import { KombuPeer } from './python/kombu-peer.js';

/** Headers as Python sends them, and as ctq has them then. */
const fromPython: readonly (readonly [title: string, python: string, ctq: unknown])[] = [
  ['an integer', '1', 1],
  ['a negative integer', '-5', -5],
  ['the largest of 32 bits', '2147483647', 2 ** 31 - 1],
  ['one more', '2147483648', 2 ** 31],
  ['a time in milliseconds', '1763780000000', 1_763_780_000_000],
  ['a negative one of 64 bits', '-1099511627776', -(2 ** 40)],
  ['the largest that is a number', '9007199254740991', Number.MAX_SAFE_INTEGER],
  ['a float', '1.5', 1.5],
  ['a boolean', 'True', true],
  ['None', 'None', null],
  ['text in any script', "'é世😀'", 'é世😀'],
  ['bytes', "b'abc'", 'abc'],
  ['a datetime', 'datetime.datetime(2030, 1, 2, 3, 4, 5)', '2030-01-02T03:04:05.000Z'],
  ['a Decimal', "Decimal('1.50')", 1.5],
  [
    'what is nested',
    "{'n': 4294967296, 'list': [8589934592, -1, {'deep': [17179869184, None, 'x']}]}",
    { n: 2 ** 32, list: [2 ** 33, -1, { deep: [2 ** 34, null, 'x'] }] },
  ],
];

/** Headers as ctq sends them, and as Python shows them then. */
const fromCtq: readonly (readonly [title: string, ctq: unknown, python: string])[] = [
  ['an integer', 1, '1'],
  ['zero', 0, '0'],
  ['one of 8 bits', 200, '200'],
  ['a negative integer', -5, '-5'],
  ['one of 16 bits', 30_000, '30000'],
  ['the largest of 32 bits', 2 ** 31 - 1, '2147483647'],
  ['one more', 2 ** 31, '2147483648'],
  ['the least of 32 bits', -(2 ** 31), '-2147483648'],
  ['a negative one of 64 bits', -(2 ** 40), '-1099511627776'],
  ['the largest that is a number', Number.MAX_SAFE_INTEGER, '9007199254740991'],
  ['a bigint', 2n ** 53n + 1n, '9007199254740993'],
  ['a small bigint', 7n, '7'],
  ['a float', 1.5, '1.5'],
  ['a negative float', -0.1, '-0.1'],
  ['a boolean', false, 'False'],
  ['null', null, 'None'],
  ['text in any script', 'é世😀', "'é世😀'"],
  ['an empty text', '', "''"],
  [
    'what is nested',
    { n: 2 ** 33, short: 300, list: [300, -(2 ** 33), { deep: [2n ** 60n, null, true, 0.5] }], none: {} },
    "{'n': 8589934592, 'short': 300, 'list': [300, -8589934592, {'deep': [1152921504606846976, None, True, 0.5]}], 'none': {}}",
  ],
];

describeOverRabbitMq('Headers of messages', { redis: 'interopHeaders', amqp: 'interopHeaders' }, (place) => {
  let kombu: KombuPeer;
  let ctq: CtqPeer;

  beforeAll(async () => {
    kombu = new KombuPeer(await pythonWithCelery(), place);
    ctq = new CtqPeer(place);
  }, makingPythonMs);

  afterAll(async () => {
    await ctq[Symbol.asyncDispose]();
    await kombu[Symbol.asyncDispose]();
  });

  test.each(fromPython)('reach ctq from Kombu: %s [MS-130] {kombu → ctq: headers}', async (_title, python, own) => {
    const name = crypto.randomUUID();
    await kombu.declare([{ name }]);
    await kombu.publish([{ body: "'x'", routingKey: name, headers: `{'given': ${python}}` }]);
    const [received] = await ctq.take(queue(name), 1);
    expect(received?.headers['given']).toEqual(own);
    expect(await ctq.deleteQueues([name])).toBe(0);
  });

  test.each(fromCtq)('reach Kombu from ctq: %s [MS-130] {ctq → kombu: headers}', async (_title, own, python) => {
    const name = crypto.randomUUID();
    await ctq.declare([queue(name)]);
    await ctq.publish([{ body: 'x', routingKey: name, headers: { given: own } }]);
    const [received] = await kombu.take({ name }, 1);
    expect(received?.headers['given']).toBe(python);
    expect(await ctq.deleteQueues([name])).toBe(0);
  });
});
