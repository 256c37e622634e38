import { openConnection, queue } from '@ctq/messaging';
import { DeliveryCollector } from '@ctq/messaging/conformance';
import type { Transport } from '@ctq/messaging/transport';
import { deferred, silentLogger, systemClock } from '@ctq/runtime';
import {
  type PrivateRedis,
  type RedisCluster,
  startCluster,
  startRedisServer,
  startSentinel,
} from '@ctq/test-services';
import { describeWithPrograms } from '@ctq/test-services/vitest';
import { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';
import { redis } from './redis-transport.js';

const work = queue('work');

function messageOf(text: string) {
  return {
    body: Buffer.from(text),
    contentType: 'text/plain',
    contentEncoding: 'utf-8',
    headers: {},
    properties: {},
  };
}

/** A producer and a consumer of one queue that never stop trying. */
async function programOn(transport: Transport) {
  const retry = { firstMs: 20, maxMs: 200 };
  const connection = openConnection({ transport, retry, connectTimeoutMs: 2_000 });
  onTestFinished(() => connection.close());
  const got = new DeliveryCollector(25_000);
  const interrupted = deferred<Error | undefined>();
  const resumed = deferred();
  const consumer = connection.consume({
    queues: [work],
    onDelivery: got.onDelivery,
    onInterrupted: (error) => interrupted.resolve(error),
    onResumed: () => resumed.resolve(),
  });
  await consumer.start();
  return {
    interrupted: interrupted.promise,
    resumed: resumed.promise,
    async publish(text: string): Promise<void> {
      await connection.producer.publish(
        messageOf(text),
        { exchange: '', routingKey: 'work' },
        { declare: [work], retry: { maxRetries: Number.POSITIVE_INFINITY, intervalStart: 0.05, intervalStep: 0 } },
      );
    },
    /** The text of the next message, which is acknowledged. */
    async next(): Promise<string> {
      const delivery = await got.next();
      await delivery.ack();
      return Buffer.from(delivery.message.body).toString();
    },
  };
}

function clientOf({ port }: PrivateRedis): Redis {
  const client = new Redis(port, '127.0.0.1', { retryStrategy: () => null });
  client.on('error', () => undefined);
  onTestFinished(() => client.disconnect());
  return client;
}

/** Asked on a new connection: sentinels end the others when they make a server something else. */
async function roleOf({ port }: PrivateRedis): Promise<unknown> {
  const client = new Redis(port, '127.0.0.1', { retryStrategy: () => null });
  client.on('error', () => undefined);
  try {
    return (await client.role())[0];
  } finally {
    client.disconnect();
  }
}

async function isReplicated(replica: Redis): Promise<boolean> {
  return (await replica.info('replication')).includes('master_link_status:up');
}

/** Asks until it is so: what another process brings about is told by nobody. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo().catch(() => false))) await new Promise((resolve) => setTimeout(resolve, 20));
}

describeWithPrograms(['redis-server'], 'behind sentinels', () => {
  async function startWatched() {
    const master = await startRedisServer();
    onTestFinished(() => master.stop());
    const replica = await startRedisServer({ replicaOf: master });
    onTestFinished(() => replica.stop());
    await until(() => isReplicated(clientOf(replica)));
    const watch = { masterName: 'shop', master, quorum: 2, password: 'theirs' };
    const sentinels = await Promise.all([1, 2, 3].map(() => startSentinel(watch)));
    for (const sentinel of sentinels) onTestFinished(() => sentinel.stop());
    const clients = sentinels.map(({ port }) => {
      const client = new Redis(port, '127.0.0.1', { password: 'theirs' });
      onTestFinished(() => client.disconnect());
      return client;
    });
    // Each knows the replica and the other two.
    await until(async () => {
      const views = await Promise.all(
        clients.map(async (client) => String(await client.call('SENTINEL', 'MASTER', 'shop'))),
      );
      return views.every((view) => /num-slaves,1,/.test(view) && /num-other-sentinels,2,/.test(view));
    });
    const url = sentinels.map(({ port }) => `sentinel://127.0.0.1:${port}/3`).join(';');
    const options = {
      url,
      masterName: 'shop',
      minOtherSentinels: 2,
      sentinelKwargs: { password: 'theirs' },
      leaseDuration: '5s',
    } as const;
    const [sentinel] = clients;
    return { master, replica, options, sentinel };
  }

  test('a program follows when the master is handed over [MS-149, MS-153]', { timeout: 60_000 }, async () => {
    const { master, replica, options, sentinel } = await startWatched();
    const program = await programOn(redis(options));
    await program.publish('before');
    expect(await program.next()).toBe('before');
    expect(await clientOf(master).info('keyspace')).toMatch(/db3:keys=/);

    await sentinel?.call('SENTINEL', 'FAILOVER', 'shop');
    await Promise.all([program.interrupted, until(async () => (await roleOf(replica)) === 'master')]);
    await program.resumed;
    await program.publish('after');
    expect(await program.next()).toBe('after');
    // The one that was handed over to.
    await until(async () => (await roleOf(master)) === 'slave');
    expect(String(await clientOf(replica).client('LIST'))).toMatch(/ name=ctq /);
  });

  test('a program follows when the master dies [MS-149]', { timeout: 60_000 }, async () => {
    const { master, options } = await startWatched();
    const program = await programOn(redis(options));
    await program.publish('before');
    expect(await program.next()).toBe('before');
    await master.kill();
    await program.publish('after');
    expect(await program.next()).toBe('after');
  });

  test('one that sees too few others, and a name that none knows, are not believed [MS-149]', async () => {
    const { options } = await startWatched();
    const context = { clock: systemClock, logger: silentLogger };
    const connect = (more: object): Promise<unknown> =>
      redis({ ...options, ...more }).connect(context, AbortSignal.timeout(10_000));
    await expect(connect({ minOtherSentinels: 3 })).rejects.toMatchObject({
      message: expect.stringContaining('it sees 2 other sentinels of 3'),
      recoverable: true,
    });
    await expect(connect({ masterName: 'other' })).rejects.toMatchObject({
      message: expect.stringContaining('No such master'),
      recoverable: false,
    });
    const wrong = await connect({ sentinelKwargs: { password: 'not theirs' } }).catch((error: unknown) => error);
    expect(wrong).toMatchObject({ message: expect.stringContaining('WRONGPASS'), recoverable: false });
    expect(String((wrong as Error).message)).not.toContain('theirs');
  });
});

describeWithPrograms(['redis-server'], 'a master that is demoted under its clients', () => {
  test('has lost its connections, for a producer as for a consumer [MS-153]', { timeout: 60_000 }, async () => {
    const server = await startRedisServer();
    onTestFinished(() => server.stop());
    const other = await startRedisServer();
    onTestFinished(() => other.stop());
    const program = await programOn(redis({ url: server.url }));
    await program.publish('before');
    expect(await program.next()).toBe('before');
    const admin = clientOf(server);
    // Nobody ends a connection here, as sentinels do.
    await admin.replicaof('127.0.0.1', other.port);
    const refused = program.publish('after');
    await expect(program.interrupted).resolves.toMatchObject({ message: expect.stringContaining('READONLY') });
    await admin.replicaof('NO', 'ONE');
    await refused;
    expect(await program.next()).toBe('after');
  });
});

describeWithPrograms(['redis-server', 'redis-cli'], 'in a cluster', () => {
  test('a program follows when the master of its slot dies', { timeout: 90_000 }, async () => {
    const cluster: RedisCluster = await startCluster({ masters: 3, replicas: 1 });
    onTestFinished(() => cluster.stop());
    // Some of the nodes; the others are found.
    const url = `redis+cluster://${cluster.nodes
      .map(({ port }) => `127.0.0.1:${port}`)
      .slice(0, 3)
      .join(',')}`;
    const program = await programOn(redis({ url, globalKeyprefix: '{shop}:', leaseDuration: '5s' }));
    await program.publish('before');
    expect(await program.next()).toBe('before');
    const owners = await Promise.all(
      cluster.nodes.map(async (node) => {
        const isMaster = (await roleOf(node)) === 'master';
        return isMaster &&
          (await clientOf(node)
            .exists('{shop}:')
            .then(
              () => true,
              () => false,
            ))
          ? [node]
          : [];
      }),
    );
    const [owner] = owners.flat();
    await owner?.kill();
    await program.publish('after');
    expect(await program.next()).toBe('after');
  });
});
