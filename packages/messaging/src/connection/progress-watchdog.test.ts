import { createLogger, type LogRecord, VirtualClock } from '@ctq/runtime';
import { describe, expect, test } from 'vitest';
import { breakableTransport } from '../conformance/breakable-transport.js';
import { DeliveryCollector } from '../conformance/delivery-collector.js';
import { textMessage, textsOf } from '../conformance/messages.js';
import { tamperedStore } from '../conformance/tampered-store.js';
import { queue } from '../entities/queue.js';
import { MemoryBroker } from '../memory/memory-broker.js';
import { MemoryStore } from '../memory/memory-store.js';
import { memoryTransport } from '../memory/memory-transport.js';
import type { Channel } from '../transport/channel.js';
import type { Transport } from '../transport/transport.js';
import { virtualTransport } from '../virtual/virtual-transport.js';
import type { ConsumerOptions } from './consumer.js';
import { openConnection } from './open-connection.js';

/** What a test decides about the transport under it: which calls never come back, and which subscriptions get nothing. */
interface Trouble {
  isDeaf: (subscription: number, connection: number) => boolean;
  isSilent: (method: string, connection: number) => boolean;
  /** What the consumer's side asked for, by method. */
  readonly asked: string[];
}

function troubled(transport: Transport): { readonly transport: Transport; readonly trouble: Trouble } {
  const trouble: Trouble = { isDeaf: () => false, isSilent: () => false, asked: [] };
  let subscriptions = 0;
  let connections = 0;
  const watch = (channel: Channel, connection: number): Channel =>
    new Proxy(channel, {
      get(target, key) {
        const value: unknown = Reflect.get(target, key, target);
        if (typeof value !== 'function') return value;
        return (...given: unknown[]) => {
          trouble.asked.push(String(key));
          if (trouble.isSilent(String(key), connection)) return new Promise(() => undefined);
          if (key !== 'consume') return Reflect.apply(value, target, given) as unknown;
          subscriptions += 1;
          if (!trouble.isDeaf(subscriptions, connection)) return Reflect.apply(value, target, given) as unknown;
          const ended = channel.closed;
          return Promise.resolve({ consumerTag: 'deaf', ended, cancel: () => Promise.resolve() });
        };
      },
    });
  return {
    trouble,
    transport: {
      ...transport,
      async connect(context, signal) {
        const connection = await transport.connect(context, signal);
        connections += 1;
        const number = connections;
        const openChannel = async (): Promise<Channel> => watch(await connection.openChannel(), number);
        return { closed: connection.closed, close: () => connection.close(), openChannel };
      },
    },
  };
}

const celery = queue('celery');
const minute = 60_000;

async function setup(options: Partial<ConsumerOptions> = {}, arrange: (trouble: Trouble) => void = () => undefined) {
  const clock = new VirtualClock();
  const logs: LogRecord[] = [];
  const broken = breakableTransport();
  const { transport, trouble } = troubled(broken.transport);
  arrange(trouble);
  const connection = openConnection({ transport, clock, logger: createLogger((record) => logs.push(record)) });
  const sender = openConnection({ transport: memoryTransport({ broker: broken.broker }), clock });
  const got = new DeliveryCollector(2_000);
  const stuck: Error[] = [];
  const events: string[] = [];
  const consumer = connection.consume({
    queues: [celery],
    onDelivery: got.onDelivery,
    onStuck: (error) => stuck.push(error),
    onInterrupted: (error) => events.push(String(error?.message)),
    ...options,
  });
  await consumer.start();
  const send = async (text: string, to = 'celery'): Promise<void> => {
    await sender.producer.publish(textMessage(text), { exchange: '', routingKey: to });
    await clock.advance(0);
  };
  const warnings = (): string[] => logs.filter(({ level }) => level === 'warn').map(({ message }) => message);
  const asked = (): string[] => trouble.asked.splice(0);
  asked();
  return { clock, logs, broken, connection, consumer, got, stuck, events, send, trouble, warnings, asked };
}

describe('a consumer that has gone deaf', () => {
  test('consumes anew after a minute without a message while one waits, keeping what it has in hand', async () => {
    const scene = await setup({}, (trouble) => {
      trouble.isDeaf = (subscription) => subscription === 2;
    });
    const { consumer, got, send, clock, events, warnings } = scene;
    await send('held');
    const [held] = await got.take(1);
    // Its subscription is renewed by the broker's fault, and is deaf from here on.
    await consumer.cancelQueue('celery');
    await consumer.addQueue(celery);
    await send('waits');
    await clock.advance(minute - 1);
    expect(got.all).toHaveLength(1);
    await clock.advance(minute);
    expect(textsOf(await got.take(1))).toEqual(['waits']);
    expect(events).toEqual([]);
    await held?.ack();
    expect(warnings()).toEqual(["Nothing was received for 65s although messages wait in 'celery'; consuming anew"]);
  });

  test('reconnects when consuming anew did not help', async () => {
    const { got, send, clock, stuck, events, warnings } = await setup({}, (trouble) => {
      trouble.isDeaf = (_, connection) => connection === 1;
    });
    await send('waits');
    await clock.advance(3 * minute);
    expect(textsOf(await got.take(1))).toEqual(['waits']);
    expect(stuck).toEqual([]);
    expect(events).toEqual(["Nothing was received for 65s although messages wait in 'celery'."]);
    expect(warnings()).toContain('Lost the connection to memory://breakable; reconnecting');
  });

  test('is stuck when reconnecting did not help either, and says so to its owner', async () => {
    const { send, clock, stuck, trouble, got } = await setup({}, (about) => {
      about.isDeaf = () => true;
    });
    await send('waits');
    await clock.advance(3 * minute);
    expect(stuck).toEqual([]);
    await clock.advance(minute);
    expect(stuck).toEqual([
      expect.objectContaining({
        code: 'CTQ_CONSUMER_STUCK',
        message: "Nothing was received for 65s although messages wait in 'celery', over a new connection too.",
      }),
    ]);
    // It goes on trying: whether the process ends is for others to decide.
    trouble.isDeaf = () => false;
    await clock.advance(2 * minute);
    expect(textsOf(await got.take(1))).toEqual(['waits']);
  });

  test('is noticed also when what it had in hand was lost with the connection', async () => {
    const { send, got, clock, broken, warnings } = await setup({ prefetch: 1 }, (trouble) => {
      trouble.isDeaf = (_, connection) => connection === 2;
    });
    await send('a');
    await got.take(1);
    broken.cut();
    await clock.advance(3 * minute);
    expect(warnings().some((line) => line.includes('although messages wait'))).toBe(true);
    expect(textsOf(await got.take(1))).toEqual(['a']);
  });

  test('says so in the log where nobody is told', async () => {
    const clock = new VirtualClock();
    const logs: LogRecord[] = [];
    const { transport, trouble } = troubled(memoryTransport());
    trouble.isDeaf = () => true;
    const connection = openConnection({ transport, clock, logger: createLogger((record) => logs.push(record)) });
    await connection.consume({ queues: [celery], onDelivery: () => undefined }).start();
    await connection.producer.publish(textMessage('a'), { exchange: '', routingKey: 'celery' });
    await clock.advance(5 * minute);
    expect(logs.find(({ level }) => level === 'error')?.message).toContain('over a new connection too');
    await connection.close();
  });

  test('counts anew once it has received something', async () => {
    const { send, clock, stuck, trouble, got } = await setup({}, (about) => {
      about.isDeaf = (subscription) => subscription !== 2;
    });
    await send('1');
    await clock.advance(minute + 5_000);
    await got.take(1);
    // A second time, later: it begins with the least again.
    trouble.isDeaf = () => true;
    await clock.advance(10 * minute);
    expect(stuck).toEqual([]);
  });

  test('over a transport whose announcement was lost goes on, without losing what it holds', async () => {
    const clock = new VirtualClock();
    const broker = new MemoryBroker();
    // Nobody is ever woken, and the poll behind it never comes.
    const transport = virtualTransport(
      () =>
        tamperedStore(new MemoryStore({ broker, url: 'memory://hints' }), () => ({
          wait: () => new Promise(() => undefined),
        })),
      { pollMs: 1e9 },
    );
    const connection = openConnection({ transport, clock });
    const got = new DeliveryCollector(2_000);
    const events: unknown[] = [];
    await connection
      .consume({
        queues: [celery],
        prefetch: 5,
        onDelivery: got.onDelivery,
        onInterrupted: (error) => events.push(error),
      })
      .start();
    await clock.advance(0);
    const sender = openConnection({ transport: memoryTransport({ broker }), clock });
    await sender.producer.publish(textMessage('a'), { exchange: '', routingKey: 'celery' });
    await clock.advance(2 * minute);
    expect(textsOf(await got.take(1))).toEqual(['a']);
    expect(events).toEqual([]);
    await connection.close();
    await sender.close();
  });
});

describe('a broker that does not answer', () => {
  test('is reconnected to, although the connection was never lost', async () => {
    const { clock, events, trouble, send, got } = await setup();
    trouble.isSilent = (method, connection) => method === 'declareQueue' && connection === 1;
    trouble.isDeaf = (_, connection) => connection === 1;
    await clock.advance(minute + 10_000);
    expect(events).toEqual(['memory://breakable has not answered for 10s.']);
    await clock.advance(1_000);
    await send('a');
    expect(textsOf(await got.take(1))).toEqual(['a']);
  });

  test('is reconnected to also while consuming is being set up', async () => {
    const { clock, events, trouble, broken, send, got } = await setup();
    trouble.isSilent = (method, connection) => method === 'consume' && connection === 2;
    broken.cut();
    await clock.advance(3 * minute);
    expect(events).toEqual(['The connection was cut.']);
    expect(broken.attempts).toBe(3);
    await send('a');
    expect(textsOf(await got.take(1))).toEqual(['a']);
  });
});

describe('a sound consumer is left alone', () => {
  test('while nothing waits: it asks one small question a minute', async () => {
    const { clock, warnings, asked, stuck } = await setup();
    await clock.advance(10 * minute);
    expect(asked()).toEqual(Array.from({ length: 10 }, () => ['declareQueue', 'close']).flat());
    expect([warnings(), stuck]).toEqual([[], []]);
  });

  test('while messages come: it asks nothing', async () => {
    const { clock, send, got, asked } = await setup();
    for (let second = 0; second < 300; second += 30) {
      await send('a');
      await (await got.next()).ack();
      await clock.advance(30_000);
    }
    expect(asked()).toEqual([]);
  });

  test('when something came in the moment after the question', async () => {
    const { clock, consumer, send, got, trouble, warnings } = await setup();
    const resubscribe = async (isDeaf: boolean): Promise<void> => {
      trouble.isDeaf = () => isDeaf;
      await consumer.cancelQueue('celery');
      await consumer.addQueue(celery);
    };
    await resubscribe(true);
    await send('1');
    await clock.advance(minute);
    await resubscribe(false);
    expect(textsOf(await got.take(1))).toEqual(['1']);
    await resubscribe(true);
    await send('2');
    await clock.advance(10_000);
    expect(warnings()).toEqual([]);
  });

  test('while it holds as many as it may', async () => {
    const { clock, send, got, warnings, asked } = await setup({ prefetch: 2 });
    for (const text of ['1', '2', '3']) await send(text);
    const held = await got.take(2);
    await clock.advance(10 * minute);
    expect([warnings(), asked()]).toEqual([[], []]);
    // From the moment when there is room again it counts.
    await held[0]?.ack();
    expect(textsOf(await got.take(1))).toEqual(['3']);
  });

  test('while what waits is not due yet', async () => {
    const { clock, send, got, warnings, events, broken } = await setup();
    await send('later');
    const [delivery] = await got.take(1);
    await delivery?.park(clock.now() + 60 * minute);
    await clock.advance(30 * minute);
    expect([warnings(), events]).toEqual([[], []]);
    expect(broken.broker.size('celery')).toEqual({ waiting: 0, parked: 1, held: 0 });
    await clock.advance(31 * minute);
    expect(textsOf(await got.take(1))).toEqual(['later']);
  });

  test('while it is stopped, disconnected, or has no queues', async () => {
    const { clock, consumer, asked, broken } = await setup();
    await consumer.cancelQueue('celery');
    asked();
    await clock.advance(5 * minute);
    await consumer.addQueue(celery);
    asked();
    broken.refuse('silence');
    broken.cut();
    await clock.advance(5 * minute);
    await consumer.stop();
    broken.refuse(undefined);
    await clock.advance(5 * minute);
    expect(asked()).toEqual([]);
  });

  test('of a queue of which the broker serves another consumer first', async () => {
    const single = queue('single', { arguments: { 'x-single-active-consumer': true } });
    const second = queue('second', { consumerArguments: { 'x-priority': -1 } });
    const { clock, asked } = await setup({ queues: [single, second] });
    await clock.advance(5 * minute);
    expect(asked()).toEqual([]);
  });

  test('when it is told never to look', async () => {
    const { clock, asked } = await setup({ maxSilentMs: Number.POSITIVE_INFINITY });
    await clock.advance(60 * minute);
    expect(asked()).toEqual([]);
  });

  test('and looks at one of its queues after the other', async () => {
    const names: string[] = [];
    const { clock, consumer, send, got, trouble } = await setup({ queues: [queue('a'), queue('b')] });
    trouble.isDeaf = () => true;
    await consumer.cancelQueue('b');
    await consumer.addQueue(queue('b'));
    trouble.isDeaf = () => false;
    await send('waits', 'b');
    await clock.advance(minute + 10_000);
    expect(got.all).toHaveLength(0);
    await clock.advance(minute);
    names.push(...textsOf(await got.take(1)));
    expect(names).toEqual(['waits']);
  });

  test('after it was closed nothing is left of it', async () => {
    const { clock, consumer, connection } = await setup();
    await clock.advance(minute);
    await consumer.close();
    await connection.close();
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('what a consumer says of itself', () => {
  test('trouble is from when it was noticed until something is received', async () => {
    const { consumer, send, clock } = await setup({}, (trouble) => {
      trouble.isDeaf = (subscription) => subscription < 3;
    });
    await send('waits');
    expect(consumer.trouble).toBeUndefined();
    await clock.advance(minute + 5_000);
    expect(consumer.trouble).toMatch(/^Nothing was received for 65s although messages wait in 'celery'\.$/);
    await clock.advance(minute + 10_000);
    expect(consumer.trouble).toBeUndefined();
  });

  test('trouble is over when nothing waits any more', async () => {
    const { consumer, send, clock, connection } = await setup({}, (trouble) => {
      trouble.isDeaf = () => true;
    });
    await send('waits');
    await clock.advance(minute + 5_000);
    expect(consumer.trouble).toBeDefined();
    const channel = await connection.openChannel();
    await channel.purgeQueue('celery');
    await clock.advance(minute + 5_000);
    expect(consumer.trouble).toBeUndefined();
  });

  test('it consumes from its start to its stop, but not while the connection is away', async () => {
    const { consumer, broken, clock } = await setup();
    expect(consumer.isConsuming).toBe(true);
    broken.cut();
    await clock.advance(0);
    expect(consumer.isConsuming).toBe(false);
    await clock.advance(minute);
    expect(consumer.isConsuming).toBe(true);
    await consumer.stop();
    expect(consumer.isConsuming).toBe(false);
  });
});
