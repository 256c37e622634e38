import { silentLogger, systemClock } from '@ctq/runtime';
import { type SentMethod, tapAmqp } from '@ctq/test-services/amqp-tap';
import { describeWith } from '@ctq/test-services/vitest';
import { loadVectors } from '@ctq/wire-vectors';
import { describe, expect, test } from 'vitest';
import { amqp } from './amqp-transport.js';
import { delayedKey, deliveredBy, keyBehindBits, longestDelaySeconds } from './delayed-topology.js';

const keys = Object.entries(loadVectors('delayed_routing_keys')[0]?.raw ?? {}) as readonly [string, string][];
const isPossible = ([seconds]: readonly [string, string]): boolean => Number(seconds) <= longestDelaySeconds;

describe('the key of a delay', () => {
  test.each(keys.filter(isPossible))("of %s seconds is Celery's [MS-226, TR-272]", (seconds, expected) => {
    expect(delayedKey(Number(seconds), 'destination')).toBe(expected);
    expect(keyBehindBits(expected)).toBe('destination');
  });

  test('has 28 bits: longer delays, for which Celery makes a key that no exchange takes, are none [MS-232]', () => {
    expect(longestDelaySeconds).toBe(2 ** 28 - 1);
    const impossible = keys.filter((key) => !isPossible(key));
    expect(impossible.map(([seconds]) => seconds)).toEqual(['268435456', '1073741824']);
    for (const [, key] of impossible) expect(keyBehindBits(key)).not.toBe('destination');
  });
});

interface Captured {
  readonly conn: string;
  readonly from: string;
  readonly method: string;
  readonly args: Readonly<Record<string, unknown>>;
}

/** What is declared for delays, and not for the queue of somebody's. */
const isForDelays = (args: Readonly<Record<string, unknown>>): boolean =>
  ['exchange', 'queue', 'source'].some((name) => /^celery_delayed_(?:\d|delivery)/.test(String(args[name] ?? '')));

/** py-amqp's letter for 64 bits is `L`, amqplib's is `l`; RabbitMQ reads both as the same type. */
const withOneLetter = (args: Readonly<Record<string, unknown>>): unknown =>
  JSON.parse(
    JSON.stringify(args, (_, value: unknown) => (typeof value === 'bigint' ? Number(value) : value)),
    (_, v) => (Array.isArray(v) && v[0] === 'l' ? ['L', v[1]] : v),
  );

const inOrder = (declared: readonly (readonly [string, unknown])[]): readonly string[] =>
  declared.map((one) => JSON.stringify(one)).toSorted();

describeWith('amqp', 'the exchanges and queues of delays', (url) => {
  test("are declared with Celery's names, flags and arguments; a queue is bound by one key instead of by all that end like it [MS-226, MS-227, MS-228, MS-229]", async () => {
    const trace = loadVectors('amqp_traces').find(({ name }) => name === 'worker_startup_quorum_delayed')?.raw;
    const captured = (trace as unknown as readonly Captured[]).filter(
      ({ from, args }) => from === 'client' && args !== undefined && isForDelays(args),
    );
    const name = `delayed.${crypto.randomUUID()}`;
    const ours = await declaredBy(url, name);
    // Celery's queue of the trace, and where it takes what is due from.
    const isDelivery = (args: Readonly<Record<string, unknown>>): boolean =>
      [args['source'], args['exchange']].includes('celery_delayed_delivery') && args['routing-key'] !== undefined;
    const levelsOf = (methods: readonly { readonly method: string; readonly args: Captured['args'] }[]) =>
      inOrder(methods.filter(({ args }) => !isDelivery(args)).map(({ method, args }) => [method, withOneLetter(args)]));
    const declared = ours.map(({ name: method, args }) => ({ method, args }));
    expect(levelsOf(declared)).toEqual(levelsOf(captured));
    expect(levelsOf(declared)).toHaveLength(28 * 4 + 1);
    const deliveries = (methods: readonly { readonly method: string; readonly args: Captured['args'] }[]) =>
      methods
        .filter(({ args }) => isDelivery(args))
        .map(({ method, args }) => [method, args['destination'] ?? args['queue'], args['routing-key']]);
    expect(deliveries(captured)).toEqual([['exchange.bind', 'cel.quorum', '#.cel.quorum']]);
    expect(deliveries(declared)).toEqual([['queue.bind', name, deliveredBy(name)]]);
    expect(deliveredBy(name)).toBe(`${'*.'.repeat(28)}${name}`);
  });
});

/** What is declared for delays when a quorum queue is consumed. */
async function declaredBy(url: string, name: string): Promise<readonly SentMethod[]> {
  await using tap = await tapAmqp(url);
  const context = { clock: systemClock, logger: silentLogger };
  const connection = await amqp({ url: tap.url }).connect(context, AbortSignal.timeout(10_000));
  const channel = await connection.openChannel();
  const flags = { durable: true, exclusive: false, autoDelete: false };
  await channel.declareQueue({ name, ...flags, arguments: { 'x-queue-type': 'quorum' } });
  await channel.consume(name, {}, () => undefined);
  await channel.deleteQueue(name);
  await connection.close();
  return tap.sent().filter(({ args }) => isForDelays(args));
}
