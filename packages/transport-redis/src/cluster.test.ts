import { openConnection, queue } from '@ctq/messaging';
import { DeliveryCollector, transportConformance } from '@ctq/messaging/conformance';
import { silentLogger, systemClock } from '@ctq/runtime';
import { type RedisCluster, startCluster, startRedisServer } from '@ctq/test-services';
import { describeWithPrograms } from '@ctq/test-services/vitest';
import { Cluster, Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { message } from './__fixtures__/redis-scene.js';
import { type LeaseRenewerOptions, openLeaseRenewer } from './lease-renewer.js';
import { redisConfig } from './redis-options.js';
import { RedisQueueStore } from './redis-store.js';
import { redis } from './redis-transport.js';

/** All addresses of a cluster, in one URL. */
function urlOf({ nodes }: RedisCluster): string {
  return `redis+cluster://${nodes.map(({ port }) => `127.0.0.1:${port}`).join(',')}`;
}

/** The node that serves the slot of a key, by the cluster's own word. */
async function ownerOf(cluster: RedisCluster, key: string): Promise<Redis> {
  for (const { port } of cluster.nodes) {
    const node = new Redis(port, '127.0.0.1', { lazyConnect: true, retryStrategy: () => null });
    node.on('error', () => undefined);
    const isOwner = await node.exists(key).then(
      async () => (await node.role())[0] === 'master',
      () => false,
    );
    if (isOwner) {
      onTestFinished(() => node.disconnect());
      return node;
    }
    node.disconnect();
  }
  throw new Error(`Nobody serves ${key}.`);
}

describeWithPrograms(['redis-server', 'redis-cli'], 'a cluster of Redis', () => {
  let cluster: RedisCluster | undefined;
  const started = (): RedisCluster => cluster ?? expect.fail('the cluster was not started');

  beforeAll(async () => {
    cluster = await startCluster({ masters: 3 });
  });

  afterAll(() => cluster?.stop());

  describe('is a transport', () => {
    const create = (): ReturnType<typeof redis> =>
      redis({
        // Asked for its manifest before there is a cluster.
        url: cluster === undefined ? 'redis+cluster://unknown' : urlOf(cluster),
        globalKeyprefix: '{conformance}:',
        leaseDuration: '2s',
      });
    for (const { name, isSupported, run } of transportConformance({ create })) test.skipIf(!isSupported)(name, run);
  });

  test('keeps everything of a prefix in one slot', async () => {
    const prefix = '{one-slot}:';
    const connection = openConnection({ transport: redis({ url: urlOf(started()), globalKeyprefix: prefix }) });
    onTestFinished(() => connection.close());
    const work = queue('work');
    for (const priority of [0, 3, 6, 9])
      await connection.producer.publish(
        { ...message, properties: { priority } },
        { exchange: '', routingKey: 'work' },
        { declare: [work] },
      );
    const keys: string[][] = [];
    for (const { port } of started().nodes) {
      const node = new Redis(port, '127.0.0.1');
      keys.push(await node.keys(`${prefix}*`));
      node.disconnect();
    }
    expect(keys.filter((found) => found.length > 0)).toEqual([
      expect.arrayContaining([`${prefix}work`, `${prefix}work\x06\x169`, `${prefix}ctq.queues`]),
    ]);
  });

  test('is followed when the slot moves to another node', async () => {
    const prefix = '{moves}:';
    const url = urlOf(started());
    const connection = openConnection({
      transport: redis({ url, globalKeyprefix: prefix }),
      retry: { firstMs: 10, maxMs: 100 },
    });
    onTestFinished(() => connection.close());
    const got = new DeliveryCollector(20_000);
    const work = queue('work');
    const consumer = connection.consume({ queues: [work], onDelivery: got.onDelivery });
    await consumer.start();
    const publish = (): Promise<void> =>
      connection.producer.publish(
        message,
        { exchange: '', routingKey: 'work' },
        { declare: [work], retry: { maxRetries: Number.POSITIVE_INFINITY, intervalStep: 0, intervalStart: 0.05 } },
      );
    await publish();
    await (await got.next()).ack();
    // What waits there moves with the slot.
    await consumer.stop();
    await publish();

    const from = await ownerOf(started(), prefix);
    const idOf = async (node: Redis): Promise<string> => String(await node.call('CLUSTER', 'MYID'));
    const others = started().nodes.filter(({ port }) => port !== from.options.port);
    const to = new Redis(others[0]?.port ?? 0, '127.0.0.1');
    onTestFinished(() => to.disconnect());
    const slot = Number(await from.call('CLUSTER', 'KEYSLOT', prefix));
    await to.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', await idOf(from));
    await from.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', await idOf(to));
    const keys = (await from.call('CLUSTER', 'GETKEYSINSLOT', slot, 100)) as string[];
    await from.call('MIGRATE', '127.0.0.1', to.options.port ?? 0, '', 0, 5_000, 'KEYS', ...keys);
    // Some of its keys are here and some there: this one waits until the move is over.
    const during = publish();
    await to.call('CLUSTER', 'SETSLOT', slot, 'NODE', await idOf(to));
    await from.call('CLUSTER', 'SETSLOT', slot, 'NODE', await idOf(to));
    await during;
    expect(await to.llen(`${prefix}work`)).toBe(2);

    const again = connection.consume({ queues: [work], onDelivery: got.onDelivery });
    await again.start();
    await (await got.next()).ack();
    await (await got.next()).ack();
    await publish();
    await (await got.next()).ack();
  });

  test("is reached by the addresses that a program's own Cluster knows, from the keeper thread too", async () => {
    const own = new Cluster(started().nodes.map(({ port }) => ({ host: '127.0.0.1', port })));
    onTestFinished(() => own.disconnect());
    const prefix = '{own}:';
    const store = new RedisQueueStore(redisConfig({ client: own, globalKeyprefix: prefix, leaseDuration: '1m' }));
    await store.open({ clock: systemClock, logger: silentLogger, holder: 'holder' }, AbortSignal.timeout(10_000));
    onTestFinished(() => store.close());
    await store.push([{ queue: 'work', message, route: { exchange: '', routingKey: 'work' }, priority: 0 }]);
    const owner = await ownerOf(started(), prefix);
    expect(await owner.llen(`${prefix}work`)).toBe(1);

    await store.pop({ queues: ['work'], limit: 1, noAck: false });
    const before = await owner.zscore(`${prefix}ctq.leases`, 'holder');
    const renewer = await openLeaseRenewer(structuredClone(store.lease.renewer?.options) as LeaseRenewerOptions);
    onTestFinished(() => renewer.close());
    while ((await owner.zscore(`${prefix}ctq.leases`, 'holder')) === before) await renewer.renew();
    await store.close();
    // It is the program's.
    expect(await own.get(`${prefix}anything`)).toBeNull();
  });

  test('is refused by the URL of a single server, and a single server by that of a cluster', async () => {
    const [node] = started().nodes;
    const context = { clock: systemClock, logger: silentLogger };
    const connect = (transport: ReturnType<typeof redis>): Promise<unknown> =>
      transport.connect(context, AbortSignal.timeout(10_000));
    await expect(connect(redis({ url: node?.url ?? '' }))).rejects.toMatchObject({
      message: expect.stringContaining('write redis+cluster://'),
      recoverable: false,
    });
    await using single = await startRedisServer();
    const url = single.url.replace('redis://', 'redis+cluster://');
    await expect(connect(redis({ url, globalKeyprefix: '{ctq}:' }))).rejects.toMatchObject({
      message: expect.stringContaining('cluster support disabled'),
      recoverable: false,
    });
  });
});
