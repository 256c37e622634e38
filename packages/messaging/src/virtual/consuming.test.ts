import { createLogger, deferred, type LogRecord, VirtualClock } from '@ctq/runtime';
import { describe, expect, test } from 'vitest';
import { DeliveryCollector } from '../conformance/delivery-collector.js';
import { textMessage, textsOf } from '../conformance/messages.js';
import { tamperedStore } from '../conformance/tampered-store.js';
import { TransportConnectionError } from '../errors.js';
import { MemoryBroker } from '../memory/memory-broker.js';
import { MemoryStore } from '../memory/memory-store.js';
import type { QueueStore, Settlement } from '../store/queue-store.js';
import type { Channel, CloseReason } from '../transport/channel.js';
import type { TransportConnection } from '../transport/transport.js';
import type { QueueOrder } from './queue-ring.js';
import { virtualTransport, type VirtualTransportOptions } from './virtual-transport.js';

const plain = { durable: true, exclusive: false, autoDelete: false };

interface Setup extends VirtualTransportOptions {
  readonly change?: (sound: QueueStore) => Partial<QueueStore>;
  readonly leaseMs?: number;
}

async function setup({ change = () => ({}), leaseMs, ...options }: Setup = {}) {
  const clock = new VirtualClock();
  const broker = new MemoryBroker();
  const logs: LogRecord[] = [];
  const logger = createLogger((record) => logs.push(record));
  const stores: QueueStore[] = [];
  const lease = leaseMs === undefined ? {} : { leaseMs };
  const createStore = (): QueueStore => {
    const store = tamperedStore(new MemoryStore({ broker, url: 'memory://', ...lease }), change);
    stores.push(store);
    return store;
  };
  const transport = virtualTransport(createStore, { bindingsFreshMs: 0, ...options });
  const connect = (): Promise<TransportConnection> =>
    transport.connect({ clock, logger }, new AbortController().signal);
  const connection = await connect();
  const channel = await connection.openChannel();
  const messages = (level: LogRecord['level']): string[] =>
    logs.filter((record) => record.level === level).map(({ message }) => message);
  const collector = (): DeliveryCollector => new DeliveryCollector(2_000);
  return { clock, broker, logs, messages, connect, connection, channel, collector, transport };
}

async function send(channel: Channel, queue: string, ...texts: string[]): Promise<void> {
  await Promise.all(texts.map((text) => channel.publish(textMessage(text), { exchange: '', routingKey: queue })));
}

/** Lets everything that is ready run. */
async function turns(count = 5): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

describe('a virtual channel that consumes', () => {
  test('finds messages by its slow poll when hints are lost [MS-094]', async () => {
    const { channel, clock, collector } = await setup({ change: () => ({ wait: () => new Promise(() => undefined) }) });
    const got = collector();
    await channel.consume('q', {}, got.onDelivery);
    await turns();
    await send(channel, 'q', 'a');
    await clock.advance(4_999);
    expect(got.all).toHaveLength(0);
    await clock.advance(1);
    expect(textsOf(await got.take(1))).toEqual(['a']);
  });

  test('goes on hearing of a queue when it leaves another', async () => {
    const { channel, collector } = await setup();
    const got = collector();
    await channel.consume('q', {}, got.onDelivery);
    const other = await channel.consume('other', {}, got.onDelivery);
    await turns();
    await other.cancel();
    await turns();
    await send(channel, 'q', 'a');
    expect(textsOf(await got.take(1))).toEqual(['a']);
  });

  test('does not look again while nothing happens', async () => {
    let pops = 0;
    const { channel, clock } = await setup({
      change: (sound) => ({
        pop: (request) => {
          pops += 1;
          return sound.pop(request);
        },
      }),
    });
    await channel.consume('q', {}, () => undefined);
    await turns(20);
    expect(pops).toBe(1);
    await clock.advance(10_000);
    expect(pops).toBe(3);
  });

  test('misses nothing that arrives between a look and the listening', async () => {
    const arriving: (() => void)[] = [];
    const { channel, collector } = await setup({
      change: (sound) => ({
        async pop(request) {
          const taken = await sound.pop(request);
          arriving.shift()?.();
          await turns(3);
          return taken;
        },
      }),
    });
    const got = collector();
    arriving.push(() => void send(channel, 'q', 'a'));
    await channel.consume('q', {}, got.onDelivery);
    expect(textsOf(await got.take(1))).toEqual(['a']);
  });

  test('counts the prefetch over all of its consumers [MS-089]', async () => {
    const { channel, collector } = await setup();
    await send(channel, 'one', '1', '2', '3');
    await send(channel, 'two', '4', '5', '6');
    await channel.setPrefetch(4);
    const got = collector();
    await channel.consume('one', {}, got.onDelivery);
    await channel.consume('two', {}, got.onDelivery);
    const first = await got.take(4);
    await turns();
    expect(got.all).toHaveLength(4);
    await first[0]?.ack();
    await got.take(1);
    await turns();
    expect(got.all).toHaveLength(5);
    await channel.setPrefetch(6);
    await got.take(1);
  });

  test('asks for as many messages as were settled in a turn, with one request', async () => {
    const limits: number[] = [];
    const { channel, collector } = await setup({
      change: (sound) => ({
        pop: (request) => {
          limits.push(request.limit);
          return sound.pop(request);
        },
      }),
    });
    await channel.setPrefetch(10);
    await send(channel, 'q', ...Array.from({ length: 30 }, (_, index) => String(index)));
    const got = collector();
    await channel.consume('q', {}, got.onDelivery);
    const first = await got.take(10);
    await Promise.all(first.slice(0, 7).map((delivery) => delivery.ack()));
    await got.take(7);
    expect(limits.slice(0, 2)).toEqual([10, 7]);
  });

  test('settles what is settled in a turn with one request', async () => {
    const batches: number[] = [];
    const { channel, collector } = await setup({
      change: (sound) => ({
        settle: (settlements) => {
          batches.push(settlements.length);
          return sound.settle(settlements);
        },
      }),
    });
    await send(channel, 'q', 'a', 'b', 'c');
    const got = collector();
    await channel.consume('q', {}, got.onDelivery);
    const [a, b, c] = await got.take(3);
    await Promise.all([a?.ack(), b?.reject({ requeue: false }), c?.ack()]);
    expect(batches).toEqual([3]);
  });

  test('gives every queue its turn; or none, when the order is given or that of the names [MS-095]', async () => {
    const served = async (queueOrder: QueueOrder): Promise<string> => {
      const { channel, collector } = await setup({ queueOrder });
      for (const queue of ['a', 'b', 'c']) await send(channel, queue, queue, queue, queue, queue);
      await channel.setPrefetch(1);
      const got = collector();
      for (const queue of ['b', 'a', 'c']) await channel.consume(queue, {}, got.onDelivery);
      let order = '';
      for (let count = 0; count < 12; count += 1) {
        const delivery = await got.next();
        order += delivery.queue;
        await delivery.ack();
      }
      return order;
    };
    expect(await served('round-robin')).toBe('bacbacbacbac');
    expect(await served('given')).toBe('bbbbaaaacccc');
    expect(await served('sorted')).toBe('aaaabbbbcccc');
  });

  test('gives back what was under way to a consumer that was cancelled', async () => {
    const { channel, collector } = await setup();
    await send(channel, 'q', '1', '2', '3');
    const got = collector();
    const subscription = await channel.consume('q', {}, got.onDelivery);
    // The loop is about to look: what it takes comes too late.
    await new Promise((resolve) => setImmediate(resolve));
    await subscription.cancel();
    const taken = [await channel.get('q'), await channel.get('q'), await channel.get('q')];
    expect([
      ...textsOf(got.all),
      ...taken.flatMap((delivery) => (delivery === undefined ? [] : textsOf([delivery]))),
    ]).toEqual(['1', '2', '3']);
    expect(taken.every((delivery) => delivery?.redelivered !== true)).toBe(true);
  });

  test('hears of what comes to its other queues when one consumer was cancelled', async () => {
    const { channel, collector } = await setup();
    const got = collector();
    await channel.consume('a', {}, got.onDelivery);
    const other = await channel.consume('b', {}, got.onDelivery);
    await turns();
    await other.cancel();
    await turns();
    await send(channel, 'a', 'text');
    expect(textsOf(await got.take(1))).toEqual(['text']);
  });

  test('goes on when a consumer throws, and tells', async () => {
    const { channel, messages, collector } = await setup();
    const got = collector();
    await channel.consume('q', {}, (delivery) => {
      got.onDelivery(delivery);
      throw new Error('broken');
    });
    await send(channel, 'q', 'a', 'b');
    await got.take(2);
    expect(messages('error')).toHaveLength(2);
  });

  test('drops what has expired, acknowledged, with a line for those who look [MS-056]', async () => {
    const settled: Settlement[] = [];
    const { channel, clock, messages, collector, broker } = await setup({
      change: (sound) => ({
        settle: (settlements) => {
          settled.push(...settlements);
          return sound.settle(settlements);
        },
      }),
    });
    await channel.publish(textMessage('short', { expiration: '100' }), { exchange: '', routingKey: 'q' });
    await channel.publish(textMessage('long', { expiration: '10000' }), { exchange: '', routingKey: 'q' });
    await clock.advance(100);
    const got = collector();
    await channel.consume('q', {}, got.onDelivery);
    expect(textsOf(await got.take(1))).toEqual(['long']);
    await turns();
    expect(settled.map(({ kind }) => kind)).toEqual(['ack']);
    expect(messages('debug')).toEqual(['Dropped a message that has expired']);
    expect(broker.size('q')).toEqual({ waiting: 0, parked: 0, held: 1 });
  });

  test('tells once of settlements that came too late; they resolve', async () => {
    const { channel, collector, logs } = await setup({
      change: () => ({ settle: async (settlements) => settlements.map(({ tag }) => tag) }),
    });
    await send(channel, 'q', 'a', 'b');
    const got = collector();
    await channel.consume('q', {}, got.onDelivery);
    await Promise.all((await got.take(2)).map((delivery) => delivery.ack()));
    const warnings = logs.filter(({ level }) => level === 'warn');
    expect(warnings).toHaveLength(1);
    expect(warnings[0]?.fields).toMatchObject({ count: 2 });
  });

  test("knows that a message whose lease ran out is someone else's; the late acknowledgement resolves with a warning", async () => {
    let isFrozen = false;
    const { channel, connect, collector, clock, messages } = await setup({
      leaseMs: 30_000,
      change: ({ lease }) =>
        lease === undefined
          ? {}
          : { lease: { ...lease, renew: () => (isFrozen ? Promise.reject(new Error('frozen')) : lease.renew()) } },
    });
    await send(channel, 'q', 'a');
    const got = collector();
    await channel.consume('q', {}, got.onDelivery);
    const [late] = await got.take(1);
    await clock.advance(100_000);
    expect(late?.isHeld()).toBe(true);
    isFrozen = true;
    await channel.setPrefetch(1);
    const other = collector();
    const otherChannel = await (await connect()).openChannel();
    await otherChannel.consume('q', {}, other.onDelivery);
    await clock.advance(60_000);
    const [again] = await other.take(1);
    expect(again?.redelivered).toBe(true);
    expect(await late?.isHeld()).toBe(false);
    await late?.ack();
    expect(messages('warn').at(-1)).toMatch(/^Settled too late/);
  });

  test('removes a queue that deletes itself with its last consumer [MS-043] [MS-148]', async () => {
    const { channel, broker } = await setup();
    await channel.declareQueue({ ...plain, name: 'q', autoDelete: true });
    await channel.consume('q', {}, () => undefined);
    await channel.close();
    expect(await broker.topology.findQueue('q')).toBeUndefined();
  });

  test('takes over an exclusive queue that a dead connection left behind', async () => {
    const { channel, broker } = await setup();
    await broker.topology.saveQueue({ name: 'w1.pidbox', durable: true, exclusive: true, autoDelete: true });
    await channel.declareQueue({ name: 'w1.pidbox', durable: false, exclusive: true, autoDelete: true });
    expect((await broker.topology.findQueue('w1.pidbox'))?.durable).toBe(false);
  });
});

describe('a virtual connection whose store fails', () => {
  const lost = new TransportConnectionError('gone', { recoverable: true });

  for (const method of ['pop', 'settle', 'wait'] as const) {
    test(`ends with the error of ${method}, with its channels and subscriptions`, async () => {
      let isBroken = false;
      const { channel, connection, collector } = await setup({
        change: (sound) => ({
          pop: (request) => (isBroken && method === 'pop' ? Promise.reject(lost) : sound.pop(request)),
          settle: (settlements) => (isBroken && method === 'settle' ? Promise.reject(lost) : sound.settle(settlements)),
          wait: (queues, signal) => (isBroken && method === 'wait' ? Promise.reject(lost) : sound.wait(queues, signal)),
        }),
      });
      await send(channel, 'q', 'a');
      const got = collector();
      const subscription = await channel.consume('q', {}, got.onDelivery);
      const [delivery] = await got.take(1);
      isBroken = true;
      const acking = delivery?.ack();
      const wakes = method === 'settle' ? acking : send(channel, 'q', 'b');
      const failure = await wakes?.catch((error: unknown) => error);
      expect(failure).toBe(method === 'settle' ? lost : undefined);
      expect((await connection.closed).error).toBe(lost);
      expect((await channel.closed).error).toBe(lost);
      expect((await subscription.ended).error).toBe(lost);
      await expect(connection.openChannel()).rejects.toMatchObject({ code: 'CTQ_CHANNEL_CLOSED' });
      await connection.close();
    });
  }

  test('fails the publishes of a push that failed, and ends only when the connection is gone', async () => {
    const errors = [new Error('disk full'), lost];
    const { channel, connection } = await setup({
      change: () => ({ push: () => Promise.reject(errors.shift() ?? lost) }),
    });
    await expect(send(channel, 'q', 'a')).rejects.toThrow('disk full');
    const state = await Promise.race([connection.closed, turns().then(() => 'open')]);
    expect(state).toBe('open');
    await expect(send(channel, 'q', 'a')).rejects.toBe(lost);
    expect((await connection.closed).error).toBe(lost);
  });

  test('ends when the store says so', async () => {
    const ending = deferred<CloseReason>();
    const { connection, channel } = await setup({ change: () => ({ closed: ending.promise }) });
    ending.resolve({ error: lost });
    expect((await connection.closed).error).toBe(lost);
    await expect(send(channel, 'q', 'a')).rejects.toMatchObject({ code: 'CTQ_CHANNEL_CLOSED' });
  });

  test('closes although the store does not answer any more', async () => {
    let isDeaf = false;
    const never = new Promise<never>(() => undefined);
    const { connection, channel, clock, collector } = await setup({
      change: (sound) => ({
        settle: (settlements) => (isDeaf ? never : sound.settle(settlements)),
        close: () => (isDeaf ? never : sound.close()),
      }),
    });
    await send(channel, 'q', 'a');
    const got = collector();
    await channel.consume('q', {}, got.onDelivery);
    await got.take(1);
    isDeaf = true;
    const closing = connection.close();
    await clock.advance(5_000);
    await closing;
  });
});
