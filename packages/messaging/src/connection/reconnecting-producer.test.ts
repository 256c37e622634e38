import { VirtualClock } from '@ctq/runtime';
import { describe, expect, test } from 'vitest';
import { breakableTransport, connectionRefused } from '../conformance/breakable-transport.js';
import { textMessage } from '../conformance/messages.js';
import { exchange } from '../entities/exchange.js';
import { queue } from '../entities/queue.js';
import type { Message, Route } from '../message/message.js';
import { memoryTransport } from '../memory/memory-transport.js';
import type { Channel } from '../transport/channel.js';
import type { Transport } from '../transport/transport.js';
import { openConnection } from './open-connection.js';

const toQueue: Route = { exchange: '', routingKey: 'q' };
const message: Message = textMessage('a');

function setup() {
  const clock = new VirtualClock();
  const broken = breakableTransport();
  const connection = openConnection({ transport: broken.transport, clock });
  return { clock, broken, connection, producer: connection.producer };
}

/** A memory transport of which the declarations are counted. */
function countingTransport(): { transport: Transport; declared: string[] } {
  const sound = memoryTransport();
  const declared: string[] = [];
  const transport: Transport = {
    ...sound,
    async connect(context, signal) {
      const connection = await sound.connect(context, signal);
      const openChannel = async (): Promise<Channel> => {
        const channel = await connection.openChannel();
        return new Proxy(channel, {
          get(target, key) {
            const value: unknown = Reflect.get(target, key, target);
            if (typeof value !== 'function') return value;
            return (...given: unknown[]) => {
              const [first] = given;
              if (key === 'declareQueue' && typeof first === 'object' && first !== null && 'name' in first)
                declared.push(String(first.name));
              return Reflect.apply(value, target, given);
            };
          },
        });
      };
      return { closed: connection.closed, close: () => connection.close(), openChannel };
    },
  };
  return { transport, declared };
}

/** What the promise is rejected with. Asked for at once, so that a rejection during the test has its reader. */
function failure(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe('a producer', () => {
  test('connects when it is used first [MS-052]', async () => {
    const { producer, broken } = setup();
    await producer.publish(message, toQueue);
    await producer.publish(message, toQueue);
    expect(broken.broker.size('q').waiting).toBe(2);
    expect(broken.attempts).toBe(1);
  });

  test('declares what a message needs once on a connection, with exchange and bindings [MS-054] [MS-211]', async () => {
    const { transport, declared } = countingTransport();
    const connection = openConnection({ transport });
    const celery = queue('celery', { exchange: exchange('celery'), routingKey: 'k' });
    const publish = (): Promise<void> =>
      connection.producer.publish(message, { exchange: 'celery', routingKey: 'k' }, { declare: [celery] });
    await Promise.all([publish(), publish(), publish()]);
    await publish();
    expect(declared).toEqual(['celery']);
    const channel = await connection.openChannel();
    expect(await channel.purgeQueue('celery')).toBe(4);
    await connection.close();
  });

  test('declares once what is described anew for each message, but not what differs [MS-054] [MS-211]', async () => {
    const { transport, declared } = countingTransport();
    const connection = openConnection({ transport });
    const publish = (routingKey: string): Promise<void> =>
      connection.producer.publish(
        message,
        { exchange: 'x', routingKey },
        { declare: [queue('celery', { exchange: exchange('x'), routingKey, arguments: { 'x-max-length': 5 } })] },
      );
    await Promise.all([publish('k'), publish('k')]);
    await publish('k');
    expect(declared).toEqual(['celery']);
    await publish('another');
    expect(declared).toEqual(['celery', 'celery']);
    await connection.close();
  });

  test('declares a queue that may vanish before each message [MS-042]', async () => {
    const { transport, declared } = countingTransport();
    const connection = openConnection({ transport });
    const reply = queue('reply', { autoDelete: true, expires: 60 });
    const publish = (): Promise<void> =>
      connection.producer.publish(message, { exchange: '', routingKey: 'reply' }, { declare: [reply] });
    await publish();
    await publish();
    expect(declared).toEqual(['reply', 'reply']);
    await connection.close();
  });

  test('declares anew on a new connection [MS-054]', async () => {
    const { producer, broken, clock } = setup();
    const described = queue('q', { exchange: exchange('x'), routingKey: 'k' });
    const publish = (): Promise<void> =>
      producer.publish(message, { exchange: 'x', routingKey: 'k' }, { declare: [described] });
    await publish();
    broken.cut();
    await broken.broker.topology.deleteExchange('x');
    await clock.advance(1_000);
    await publish();
    expect(broken.broker.size('q').waiting).toBe(2);
  });

  test('tries again when the connection was lost, as the policy says [MS-055]', async () => {
    const { producer, broken, clock } = setup();
    await producer.publish(message, toQueue);
    broken.refuse(connectionRefused());
    broken.cut();
    const publishing = producer.publish(message, toQueue);
    await clock.advance(300);
    broken.refuse(undefined);
    await clock.advance(300);
    await publishing;
    expect(broken.broker.size('q').waiting).toBe(2);
  });

  test('gives up after its retries with the error of the connection [MS-055] [MS-014]', async () => {
    const { producer, broken, clock } = setup();
    broken.refuse(connectionRefused());
    const failing = failure(producer.publish(message, toQueue));
    await clock.advance(10_000);
    expect(await failing).toMatchObject({
      code: 'CTQ_TRANSPORT_CONNECTION',
    });
    const noRetry = failure(producer.publish(message, toQueue, { retry: false }));
    expect(await noRetry).toMatchObject({
      code: 'CTQ_TRANSPORT_CONNECTION',
    });
  });

  test('makes one attempt more than it has retries', async () => {
    const clock = new VirtualClock();
    const broken = breakableTransport();
    // The connection itself gives up at once, so that every attempt is the publish's own.
    const { producer } = openConnection({ transport: broken.transport, clock, retry: { maxRetries: 0 } });
    broken.refuse(connectionRefused());
    const failing = failure(producer.publish(message, toQueue, { retry: { maxRetries: 5 } }));
    await clock.advance(10_000);
    expect(await failing).toMatchObject({ message: 'Connection refused.' });
    expect(broken.attempts).toBe(6);
  });

  test('does not try again what cannot succeed', async () => {
    const { producer, broken, clock } = setup();
    const mandatory = producer.publish(message, { exchange: 'x', routingKey: 'nowhere' }, { mandatory: true });
    await expect(mandatory).rejects.toMatchObject({ code: 'CTQ_UNROUTABLE' });
    await producer.publish(message, toQueue, { declare: [queue('q')] });
    const mismatch = producer.publish(message, toQueue, { declare: [queue('q', { durable: false })] });
    await expect(mismatch).rejects.toMatchObject({ code: 'CTQ_TOPOLOGY_MISMATCH' });
    broken.refuse(connectionRefused(false));
    broken.cut();
    const refused = failure(producer.publish(message, toQueue));
    await clock.advance(1_000);
    expect(await refused).toMatchObject({ recoverable: false });
  });

  test('stops when its signal is aborted, before, while connecting and between retries', async () => {
    const { producer, broken, clock } = setup();
    const reason = new Error('enough');
    await expect(producer.publish(message, toQueue, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    for (const answer of ['silence', connectionRefused()] as const) {
      broken.refuse(answer);
      const giveUp = new AbortController();
      const aborted = failure(
        producer.publish(message, toQueue, { signal: giveUp.signal, retry: { maxRetries: Number.POSITIVE_INFINITY } }),
      );
      await clock.advance(1_000);
      giveUp.abort(reason);
      expect(await aborted).toBe(reason);
      await clock.advance(10_000);
    }
    expect(broken.broker.size('q').waiting).toBe(0);
  });

  test('finishes what is under way before the connection closes, and gives up what waits', async () => {
    const { connection, producer, broken, clock } = setup();
    await connection.connect();
    const publishing = [producer.publish(message, toQueue), producer.publish(message, toQueue)];
    await connection.close();
    await Promise.all(publishing.map((publish) => publish.catch(() => 'given up')));
    const other = openConnection({ transport: broken.transport, clock });
    await other.producer.publish(message, toQueue);
    const straight = other.producer.publish(message, toQueue);
    await other.close();
    await straight;

    const waiting = openConnection({ transport: broken.transport, clock });
    broken.refuse(connectionRefused());
    const given = failure(waiting.producer.publish(message, toQueue));
    await clock.advance(100);
    await waiting.close();
    expect(await given).toMatchObject({
      code: 'CTQ_CHANNEL_CLOSED',
    });
  });
});
