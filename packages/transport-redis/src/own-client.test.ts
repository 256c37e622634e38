import { openConnection, queue } from '@ctq/messaging';
import { DeliveryCollector } from '@ctq/messaging/conformance';
import { describeWith } from '@ctq/test-services/vitest';
import { Redis, type RedisOptions } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';
import { message } from './__fixtures__/redis-scene.js';
import { redis } from './redis-transport.js';

/** What programs set, and ctq has to get along with. */
type OwnOptions = Pick<
  RedisOptions,
  'maxRetriesPerRequest' | 'autoResendUnfulfilledCommands' | 'enableAutoPipelining'
> & {
  readonly stringNumbers?: boolean;
  readonly protocol?: 2 | 3;
  readonly replyMapping?: 'legacy' | 'resp3';
};

describeWith('redis', "a program's own client", (url) => {
  function ownClient(options: OwnOptions): Redis {
    const { hostname, port } = new URL(url);
    const client = new Redis({ ...options, host: hostname, port: Number(port) });
    onTestFinished(() => client.disconnect());
    return client;
  }

  test.each([
    ['that repeats commands and queues them', { maxRetriesPerRequest: null, autoResendUnfulfilledCommands: true }],
    ['that sends commands of one turn together', { enableAutoPipelining: true, stringNumbers: true }],
    ['that speaks RESP3 in objects', { protocol: 3, replyMapping: 'resp3' } as const],
    ['that listens', {}],
  ])('%s lends its options and goes on with what it does', async (what, options) => {
    const client = ownClient(options);
    const channel = `own-${crypto.randomUUID()}`;
    if (what === 'that listens') await client.subscribe(channel);

    const name = crypto.randomUUID();
    const transport = redis({ client, globalKeyprefix: `own-${name}:` });
    expect(transport.supports.leaseKeeper).toBe(true);
    const connection = openConnection({ transport });
    onTestFinished(() => connection.close());
    const got = new DeliveryCollector(10_000);
    const work = queue('work');
    await connection.consume({ queues: [work], onDelivery: got.onDelivery }).start();
    await connection.producer.publish(message, { exchange: '', routingKey: 'work' }, { declare: [work] });
    await (await got.next()).ack();
    await connection.close();

    expect(client.status).toBe('ready');
    const admin = ownClient({});
    expect(await admin.publish(channel, 'still')).toBe(what === 'that listens' ? 1 : 0);
    // In every mode.
    expect(await client.ping()).toBe('PONG');
  });

  test('that only this thread can make has no keeper thread, and is kept from the main loop', async () => {
    const prefix = `own-${crypto.randomUUID()}:`;
    const transport = redis({
      url,
      credentialProvider: () => ({}),
      globalKeyprefix: prefix,
      leaseDuration: '3s',
    });
    expect(transport.supports.leaseKeeper).toBe(false);
    const connection = openConnection({ transport });
    onTestFinished(() => connection.close());
    expect(await connection.keepLeases({ maxBlockedMs: 60_000, onBlocked: () => undefined })).toBeUndefined();
    const got = new DeliveryCollector(10_000);
    const work = queue('work');
    await connection.consume({ queues: [work], onDelivery: got.onDelivery }).start();
    await connection.producer.publish(message, { exchange: '', routingKey: 'work' }, { declare: [work] });
    const delivery = await got.next();
    const admin = ownClient({});
    const leases = (): Promise<string[]> => admin.zrange(`${prefix}ctq.leases`, '0', '-1', 'WITHSCORES');
    const [holder, endsAt] = await leases();
    while ((await leases())[1] === endsAt);
    expect((await leases())[0]).toBe(holder);
    expect(await delivery.isHeld()).toBe(true);
    await delivery.ack();
  });
});
