import { inflateSync } from 'node:zlib';
import { exchange, type Message, memoryTransport, queue, type Route, TransportConnectionError } from '@ctq/messaging';
import type { Transport } from '@ctq/messaging/transport';
import { VirtualClock } from '@ctq/runtime';
import { describe, expect, it } from 'vitest';
import type { AppOptions } from '../app/app-kernel.js';
import { Ctq } from '../app/ctq.js';

/** The message that a call of `add` becomes under these settings. */
async function sentWith(settings: AppOptions): Promise<{ readonly message: Message; readonly route: Route }> {
  const sent: { message: Message; route: Route }[] = [];
  await using app = new Ctq('settings', {
    broker: memoryTransport(),
    interceptors: [{ name: 'capture', publish: async ({ message, route }) => void sent.push({ message, route }) }],
    ...settings,
  });
  await app.task('add', (x: number, y: number) => x + y).delay(2, 3);
  const [first] = sent;
  if (first === undefined) throw new Error('Nothing was sent.');
  return first;
}

/** A broker that is away. */
function away(): { readonly transport: Transport; readonly attempts: () => number } {
  const inner = memoryTransport();
  let attempts = 0;
  return {
    attempts: () => attempts,
    transport: {
      ...inner,
      connect: () => {
        attempts += 1;
        return Promise.reject(new TransportConnectionError('Nobody is there.', { recoverable: true }));
      },
    },
  };
}

describe('settings of what is sent', () => {
  it('taskSerializer is that of the body [ST-177]', async () => {
    expect((await sentWith({})).message.contentType).toBe('application/json');
    const { message } = await sentWith({ taskSerializer: 'msgpack' });
    expect(message.contentType).toBe('application/x-msgpack');
    // A list of three.
    expect(message.body[0]).toBe(0x93);
  });

  it('taskCompression compresses the body [ST-152]', async () => {
    expect((await sentWith({})).message.headers['compression']).toBeUndefined();
    const { message } = await sentWith({ taskCompression: 'gzip' });
    expect(message.headers['compression']).toBe('application/x-gzip');
    // Kombu's gzip is zlib.
    expect(JSON.parse(inflateSync(message.body).toString())).toMatchObject([[2, 3], {}, {}]);
  });

  it.each([
    [undefined, 2],
    ['persistent', 2],
    ['transient', 1],
    [1, 1],
  ] as const)('taskDefaultDeliveryMode %s sends with mode %s [ST-157]', async (given, mode) => {
    const { message } = await sentWith({ taskDefaultDeliveryMode: given });
    expect(message.properties.deliveryMode).toBe(mode);
  });

  it('taskDefaultPriority is that of calls and tasks that have none [ST-164]', async () => {
    expect((await sentWith({})).message.properties.priority).toBe(0);
    expect((await sentWith({ taskDefaultPriority: 7 })).message.properties.priority).toBe(7);
  });

  it('taskDefaultQueue is where calls go that are not sent elsewhere [ST-158]', async () => {
    expect((await sentWith({})).route).toEqual({ exchange: '', routingKey: 'celery' });
    expect((await sentWith({ taskDefaultQueue: 'main' })).route).toEqual({ exchange: '', routingKey: 'main' });
  });
});

describe('the default exchange', () => {
  it('has the type that the settings say; a topic exchange is published to itself [ST-160, ST-161, ST-162]', async () => {
    const settings = {
      taskDefaultQueue: 'main',
      taskDefaultExchange: 'work',
      taskDefaultExchangeType: 'topic',
      taskDefaultRoutingKey: 'task.main',
    } as const;
    await using app = new Ctq('topic', { broker: memoryTransport(), ...settings });
    await using connection = await app.connect();
    await connection.connect();
    const channel = await connection.openChannel();
    await channel.declareExchange({ ...exchangeOf('work'), type: 'topic' });
    await channel.declareQueue({ name: 'copies', durable: true, exclusive: false, autoDelete: false });
    await channel.bindQueue({ queue: 'copies', exchange: 'work', routingKey: 'task.#' });
    await app.task('add', (x: number, y: number) => x + y).delay(2, 3);
    expect(await channel.purgeQueue('main')).toBe(1);
    expect(await channel.purgeQueue('copies')).toBe(1);
  });

  it('and its routing key are named like the queue unless the settings say otherwise [ST-160, ST-162]', () => {
    const { kernel } = new Ctq('names', { taskDefaultQueue: 'main' });
    expect(kernel.queues.named('main')).toMatchObject({
      ...queue('main', { exchange: exchange('main', { type: 'direct' }), routingKey: 'main' }),
    });
  });
});

describe('a broker that is away', () => {
  it('is tried again as taskPublishRetryPolicy says [ST-169, ST-170]', async () => {
    const { transport, attempts } = away();
    const clock = new VirtualClock();
    await using app = new Ctq('away', {
      broker: transport,
      clock,
      // Every attempt is a publish's.
      brokerConnectionRetry: false,
      taskPublishRetryPolicy: { max_retries: 2, interval_start: 5, interval_step: 10, interval_max: 100 },
    });
    const ending = app
      .task('add', () => 1)
      .delay()
      .then(
        () => 'sent',
        (error: unknown) => error,
      );
    await clock.advance(4_999);
    expect(attempts()).toBe(1);
    await clock.advance(1);
    expect(attempts()).toBe(2);
    await clock.advance(14_999);
    expect(attempts()).toBe(2);
    await clock.advance(1);
    expect(attempts()).toBe(3);
    expect(TransportConnectionError.isInstance(await ending)).toBe(true);
  });

  it('is not tried again with taskPublishRetry off [ST-169]', async () => {
    const { transport, attempts } = away();
    await using app = new Ctq('away', { broker: transport, taskPublishRetry: false });
    await expect(app.task('add', () => 1).delay()).rejects.toThrow('Nobody is there.');
    expect(attempts()).toBe(1);
  });
});

function exchangeOf(name: string): { name: string; durable: boolean; autoDelete: boolean } {
  return { name, durable: true, autoDelete: false };
}
