import { createLogger, type LogRecord, VirtualClock } from '@ctq/runtime';
import { describe, expect, test } from 'vitest';
import { type BreakableTransport, breakableTransport, connectionRefused } from '../conformance/breakable-transport.js';
import { DeliveryCollector } from '../conformance/delivery-collector.js';
import { textMessage, textOf, textsOf } from '../conformance/messages.js';
import { exchange } from '../entities/exchange.js';
import { queue } from '../entities/queue.js';
import { ChannelClosedError, TopologyNotFoundError } from '../errors.js';
import { memoryTransport } from '../memory/memory-transport.js';
import type { Channel, ConsumeOptions } from '../transport/channel.js';
import type { Transport } from '../transport/transport.js';
import type { ConsumerOptions } from './consumer.js';
import { openConnection } from './open-connection.js';

const celery = queue('celery', { exchange: exchange('celery'), routingKey: 'k' });

function setup(options: Partial<ConsumerOptions> = {}) {
  const clock = new VirtualClock();
  const logs: LogRecord[] = [];
  const broken = breakableTransport();
  const connection = openConnection({
    transport: broken.transport,
    clock,
    logger: createLogger((record) => logs.push(record)),
  });
  const sender = openConnection({ transport: memoryOf(broken), clock });
  const got = new DeliveryCollector(2_000);
  const events: string[] = [];
  const consumer = connection.consume({
    queues: [celery],
    onDelivery: got.onDelivery,
    onInterrupted: (error) => events.push(`interrupted: ${error?.message}`),
    onResumed: () => events.push('resumed'),
    ...options,
  });
  const send = async (...texts: string[]): Promise<void> => {
    for (const text of texts) await sender.producer.publish(textMessage(text), { exchange: '', routingKey: 'celery' });
  };
  return { clock, logs, broken, connection, consumer, got, events, send };
}

/** Another way to the same broker, that is not cut. */
function memoryOf({ broker }: BreakableTransport): Transport {
  return memoryTransport({ broker });
}

/** A memory transport that writes down what its consumers ask for. */
function watchedTransport(beforeConsume: () => void = () => undefined): {
  transport: Transport;
  asked: [queue: string, options: ConsumeOptions][];
} {
  const sound = memoryTransport();
  const asked: [string, ConsumeOptions][] = [];
  const watch = (channel: Channel): Channel =>
    new Proxy(channel, {
      get(target, key) {
        if (key === 'consume') {
          return (...given: Parameters<Channel['consume']>) => {
            asked.push([given[0], given[1]]);
            beforeConsume();
            return target.consume(...given);
          };
        }
        const value: unknown = Reflect.get(target, key, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  const transport: Transport = {
    ...sound,
    async connect(context, signal) {
      const connection = await sound.connect(context, signal);
      const openChannel = async (): Promise<Channel> => watch(await connection.openChannel());
      return { closed: connection.closed, close: () => connection.close(), openChannel };
    },
  };
  return { transport, asked };
}

/** What the promise is rejected with. Asked for at once, so that a rejection during the test has its reader. */
function failure(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe('a consumer', () => {
  test('declares its queues and consumes from them [MS-061] [MS-063]', async () => {
    const { consumer, got, connection } = setup();
    await consumer.start();
    await consumer.start();
    expect(consumer.queues).toEqual(['celery']);
    await connection.producer.publish(textMessage('a'), { exchange: 'celery', routingKey: 'k' });
    expect(textsOf(await got.take(1))).toEqual(['a']);
  });

  test('goes on after the connection was lost, with its topology, queues and prefetch', async () => {
    const { consumer, got, broken, clock, events, send, connection } = setup({ prefetch: 1 });
    await consumer.start();
    await consumer.addQueue(queue('second'));
    await consumer.setPrefetch(2);
    await send('1', '2', '3');
    const before = await got.take(2);
    await broken.broker.topology.deleteExchange('celery');
    broken.refuse(connectionRefused());
    broken.cut();
    await clock.advance(5_000);
    expect(events).toEqual(['interrupted: The connection was cut.']);
    broken.refuse(undefined);
    await clock.advance(60_000);
    expect(events).toEqual(['interrupted: The connection was cut.', 'resumed']);
    // What it held came back, marked; the old deliveries are settled by nobody.
    const after = await got.take(2);
    expect(after.map((delivery) => [textOf(delivery), delivery.redelivered])).toEqual([
      ['1', true],
      ['2', true],
    ]);
    await expect(before[0]?.ack()).rejects.toMatchObject({ code: 'CTQ_CHANNEL_CLOSED' });
    await Promise.all(after.map((delivery) => delivery.ack()));
    await connection.producer.publish(textMessage('4'), { exchange: 'celery', routingKey: 'k' });
    await connection.producer.publish(textMessage('5'), { exchange: '', routingKey: 'second' });
    expect(textsOf(await got.take(2)).sort()).toEqual(['3', '4']);
  });

  test('survives being cut again and again, losing nothing', async () => {
    const { consumer, got, broken, clock, send } = setup({ prefetch: 5 });
    await consumer.start();
    const done = new Set<string>();
    const settleNext = async (isCut: boolean): Promise<void> => {
      const delivery = await got.next();
      if (isCut) broken.cut();
      // Of a connection that was cut: the message is delivered again.
      await delivery.ack().then(
        () => done.add(textOf(delivery)),
        () => undefined,
      );
    };
    for (let round = 0; round < 20; round += 1) {
      await send(`${round}`);
      await clock.advance(1_000);
      await settleNext(round % 3 === 0);
      await clock.advance(60_000);
    }
    while (done.size < 20) await settleNext(false);
    expect(done.size).toBe(20);
  });

  test('waits for a broker that is not there yet [MS-010]', async () => {
    const { consumer, broken, clock } = setup();
    broken.refuse(connectionRefused());
    const starting = consumer.start();
    await clock.advance(10_000);
    broken.refuse(undefined);
    await clock.advance(60_000);
    await starting;
  });

  test('does not start when what it needs cannot be had', async () => {
    const { consumer, broken } = setup();
    await broken.broker.topology.saveQueue({ name: 'celery', durable: false, exclusive: false, autoDelete: false });
    await expect(consumer.start()).rejects.toMatchObject({ code: 'CTQ_TOPOLOGY_MISMATCH' });
    const refused = setup();
    refused.broken.refuse(connectionRefused(false));
    await expect(refused.consumer.start()).rejects.toMatchObject({ recoverable: false });
  });

  test('goes on when a connection that was given up is asked for again', async () => {
    const clock = new VirtualClock();
    const broken = breakableTransport();
    const logs: LogRecord[] = [];
    const logger = createLogger((record) => logs.push(record));
    const connection = openConnection({ transport: broken.transport, clock, logger, retry: { maxRetries: 0 } });
    const events: string[] = [];
    const consumer = connection.consume({
      queues: [celery],
      onDelivery: () => undefined,
      onInterrupted: () => events.push('interrupted'),
      onResumed: () => events.push('resumed'),
    });
    await consumer.start();
    broken.cut();
    await clock.advance(600_000);
    expect(events).toEqual(['interrupted']);
    expect(logs.map(({ message }) => message)).toEqual([]);
    await connection.connect();
    await clock.advance(1_000);
    expect(events).toEqual(['interrupted', 'resumed']);
  });

  test('does not let the other queues wait after a loss for one that cannot be consumed from yet', async () => {
    const clock = new VirtualClock();
    const logs: LogRecord[] = [];
    const broken = breakableTransport();
    let refusals = 0;
    const refusing = (channel: Channel): Channel =>
      new Proxy(channel, {
        get(target, key) {
          if (key === 'consume' && refusals > 0)
            return (...given: Parameters<Channel['consume']>) => {
              if (given[0] !== 'stuck') return target.consume(...given);
              refusals -= 1;
              return Promise.reject(new ChannelClosedError('No leader.'));
            };
          const value: unknown = Reflect.get(target, key, target);
          return typeof value === 'function' ? value.bind(target) : value;
        },
      });
    const transport: Transport = {
      ...broken.transport,
      connect: async (context, signal) => {
        const connection = await broken.transport.connect(context, signal);
        return new Proxy(connection, {
          get(target, key) {
            if (key === 'openChannel') return async () => refusing(await target.openChannel());
            const value: unknown = Reflect.get(target, key, target);
            return typeof value === 'function' ? value.bind(target) : value;
          },
        });
      },
    };
    const connection = openConnection({ transport, clock, logger: createLogger((record) => logs.push(record)) });
    const sender = openConnection({ transport: memoryOf(broken), clock });
    const send = (text: string, routingKey: string): Promise<void> =>
      sender.producer.publish(textMessage(text), { exchange: '', routingKey });
    const got = new DeliveryCollector(2_000);
    const consumer = connection.consume({ queues: [queue('stuck'), queue('sound')], onDelivery: got.onDelivery });
    await consumer.start();
    refusals = 3;
    broken.cut();
    await send('1', 'sound');
    await send('2', 'stuck');
    while (got.all.length === 0) await clock.advance(100);
    expect(textsOf(got.all)).toEqual(['1']);
    expect(consumer.isConsuming).toBe(false);
    while (!consumer.isConsuming) await clock.advance(100);
    while (got.all.length === 1) await clock.advance(100);
    expect(textsOf(got.all)).toEqual(['1', '2']);
    expect(logs.filter(({ message }) => message === 'Cannot consume; trying again')).toHaveLength(3);
    // A stop ends it too.
    refusals = Number.POSITIVE_INFINITY;
    broken.cut();
    await send('3', 'sound');
    while (got.all.length === 2) await clock.advance(100);
    await connection.close();
    await sender.close();
  });

  test.each([
    ['goes with its last consumer', { autoDelete: true }],
    ['expires', { expires: 10 }],
  ])('declares a queue again that %s and has gone before it was consumed from', async (_, options) => {
    const clock = new VirtualClock();
    let missing = 2;
    const { transport, asked } = watchedTransport(() => {
      if (missing-- > 0) throw new TopologyNotFoundError("no queue 'control'");
    });
    await using connection = openConnection({ transport, clock });
    const consumer = connection.consume({ queues: [queue('control', options)], onDelivery: () => undefined });
    const started = consumer.start();
    while (asked.length < 3) await clock.advance(1_000);
    await started;
    expect(consumer.isConsuming).toBe(true);
  });

  test('says that a queue which stays is not there', async () => {
    const { transport, asked } = watchedTransport(() => {
      throw new TopologyNotFoundError("no queue 'celery'");
    });
    await using connection = openConnection({ transport });
    const consumer = connection.consume({ queues: [celery], onDelivery: () => undefined });
    await expect(consumer.start()).rejects.toThrow("no queue 'celery'");
    expect(asked).toHaveLength(1);
  });

  test('tries again what the broker refuses only when it is told to, and as often as the connection is retried', async () => {
    const misdeclared = { name: 'celery', durable: false, exclusive: false, autoDelete: false };
    const { consumer, broken, clock } = setup({ retryChannelErrors: true });
    await broken.broker.topology.saveQueue(misdeclared);
    const starting = consumer.start();
    await clock.advance(10_000);
    await broken.broker.topology.deleteQueue('celery');
    await clock.advance(60_000);
    await starting;

    const limited = breakableTransport();
    const limitedClock = new VirtualClock();
    await limited.broker.topology.saveQueue(misdeclared);
    const connection = openConnection({ transport: limited.transport, clock: limitedClock, retry: { maxRetries: 2 } });
    const options = { queues: [celery], onDelivery: () => undefined, retryChannelErrors: true };
    const refused = failure(connection.consume(options).start());
    await limitedClock.advance(60_000);
    expect(await refused).toMatchObject({ code: 'CTQ_TOPOLOGY_MISMATCH' });
  });

  test('whose start is aborted or that is closed meanwhile gives up', async () => {
    const reason = new Error('enough');
    const aborted = setup();
    aborted.broken.refuse(connectionRefused());
    const giveUp = new AbortController();
    const starting = failure(aborted.consumer.start(giveUp.signal));
    await aborted.clock.advance(1_000);
    giveUp.abort(reason);
    expect(await starting).toBe(reason);

    const closed = setup();
    closed.broken.refuse(connectionRefused());
    const refused = failure(closed.consumer.start());
    await closed.clock.advance(1_000);
    await closed.consumer.close();
    expect(await refused).toMatchObject({ code: 'CTQ_CHANNEL_CLOSED' });
  });

  test('adds and cancels queues while it runs [MS-063]', async () => {
    const { consumer, got, connection } = setup();
    await consumer.start();
    await consumer.addQueue(queue('second'));
    expect(consumer.queues).toEqual(['celery', 'second']);
    await connection.producer.publish(textMessage('a'), { exchange: '', routingKey: 'second' });
    await got.take(1);
    await consumer.cancelQueue('second');
    expect(consumer.queues).toEqual(['celery']);
    await connection.producer.publish(textMessage('b'), { exchange: '', routingKey: 'second' });
    const channel = await connection.openChannel();
    const left = await channel.get('second');
    expect(left && textOf(left)).toBe('b');
  });

  test('refuses a queue that exists with other properties, and goes on with the others', async () => {
    const { consumer, got, broken, send } = setup();
    await consumer.start();
    await broken.broker.topology.saveQueue({ name: 'other', durable: false, exclusive: false, autoDelete: false });
    await expect(consumer.addQueue(queue('other'))).rejects.toMatchObject({ code: 'CTQ_TOPOLOGY_MISMATCH' });
    expect(consumer.queues).toEqual(['celery']);
    await send('a');
    await got.take(1);
  });

  test('is given nothing after it was stopped, and settles what it was given until it is closed [MS-067]', async () => {
    const { consumer, got, send, broken } = setup();
    await consumer.start();
    await send('1', '2');
    const [first] = await got.take(2);
    await consumer.stop();
    await send('3');
    expect(broken.broker.size('celery')).toEqual({ waiting: 1, parked: 0, held: 2 });
    await first?.ack();
    await consumer.close();
    await consumer.close();
    expect(got.all).toHaveLength(2);
    expect(broken.broker.size('celery')).toEqual({ waiting: 2, parked: 0, held: 0 });
    const channel = await openConnection({ transport: memoryOf(broken) }).openChannel();
    const next = await channel.get('celery');
    expect(next && [textOf(next), next.redelivered]).toEqual(['2', false]);
  });

  test('gives back what is unsettled when its connection closes', async () => {
    const { consumer, connection, got, send, broken } = setup();
    await consumer.start();
    await send('1');
    await got.take(1);
    await connection.close();
    expect(broken.broker.size('celery')).toEqual({ waiting: 1, parked: 0, held: 0 });
    expect(broken.open).toBe(0);
  });

  test('requeues what its listener throws on, and tells', async () => {
    let calls = 0;
    const { consumer, send, logs, got } = setup({
      onDelivery: (delivery) => {
        calls += 1;
        if (calls === 1) throw new Error('broken');
        got.onDelivery(delivery);
      },
    });
    await consumer.start();
    await send('a');
    const [again] = await got.take(1);
    expect(again?.redelivered).toBe(true);
    expect(logs.filter(({ level }) => level === 'error').map(({ message }) => message)).toEqual([
      'A consumer threw; its message is requeued',
    ]);
  });

  test('consumes a queue anew that was deleted under it; the others are not disturbed', async () => {
    const { consumer, connection, got, send, events } = setup();
    await consumer.start();
    await consumer.addQueue(queue('second'));
    await send('held');
    const [held] = await got.take(1);
    await (await connection.openChannel()).deleteQueue('second');
    await connection.producer.publish(textMessage('a'), { exchange: '', routingKey: 'second' });
    expect(textsOf(await got.take(1))).toEqual(['a']);
    await held?.ack();
    expect(events).toEqual([]);
  });

  test('asks for what a queue says of its consumers: arguments, no acknowledgements [MS-043]', async () => {
    const { transport, asked } = watchedTransport();
    const connection = openConnection({ transport });
    const consumer = connection.consume({
      queues: [queue('log', { noAck: true, consumerArguments: { 'x-priority': 5 } }), queue('plain')],
      onDelivery: () => undefined,
    });
    await consumer.start();
    expect(asked).toMatchObject([
      ['log', { noAck: true, arguments: { 'x-priority': 5 } }],
      ['plain', { noAck: false, arguments: {} }],
    ]);
    await connection.close();
  });

  test('takes without acknowledgements when it is told to [MS-061]', async () => {
    const { consumer, got, send, broken } = setup({ noAck: true });
    await consumer.start();
    await send('a');
    await got.take(1);
    expect(broken.broker.size('celery')).toEqual({ waiting: 0, parked: 0, held: 0 });
  });
});
