import { type FaultProxy, type PrivateRedis, startFaultProxy, startRedisServer } from '@ctq/test-services';
import { describeWith, describeWithPrograms } from '@ctq/test-services/vitest';
import type { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { disconnectRedis, openClient } from './connect.js';
import type { LivenessOptions } from './liveness.js';

const silence = 'Redis has not answered for 8000 ms.';

function open(url: string, connectionName: string, liveness: LivenessOptions = {}): Promise<Redis> {
  const { hostname: host, port } = new URL(url);
  const options = { host, port: Number(port), connectionName, connectTimeout: 5_000 };
  return openClient(options, AbortSignal.timeout(10_000), liveness);
}

describeWith('redis', 'A connection to Redis', (url) => {
  let proxy: FaultProxy;
  let clients: Redis[];
  let admin: Redis;

  beforeEach(async () => {
    const { hostname, port } = new URL(url);
    proxy = await startFaultProxy({ target: { host: hostname, port: Number(port) } });
    clients = [];
    admin = await connect({ through: false });
  });

  afterEach(async () => {
    await Promise.all(clients.map(disconnectRedis));
    await proxy.close();
  });

  async function connect({
    through = true,
    connectionName = 'alive',
    ...liveness
  }: LivenessOptions & { through?: boolean; connectionName?: string } = {}): Promise<Redis> {
    const client = await open(through ? proxy.through(url) : url, connectionName, liveness);
    clients.push(client);
    return client;
  }

  const endOf = (client: Redis): Promise<string> =>
    new Promise((resolve) =>
      client.once('error', (error: Error) => client.once('close', () => resolve(error.message))),
    );

  async function lastCommandOf(name: string): Promise<string | undefined> {
    const clients = String(await admin.client('LIST')).split('\n');
    return /cmd=(\S+)/.exec(clients.find((line) => line.includes(`name=${name} `)) ?? '')?.[1];
  }

  test('that leads nowhere is ended as soon as a second one is answered, and what was asked on it is rejected', async () => {
    const client = await connect();
    await proxy.inject({ kind: 'half-open' }).over;
    const ended = endOf(client);
    await expect(client.incr('alive:count')).rejects.toThrow('closed');
    expect(await ended).toMatch(/answers new connections, but not this one/);
    expect(client.status).toBe('end');
  });

  test('that leads nowhere although nobody asks anything is found by asking, where it listens', async () => {
    const client = await connect({ probeEveryMs: 200 });
    await client.subscribe('alive:channel');
    const ended = endOf(client);
    await proxy.inject({ kind: 'half-open' }).over;
    expect(await ended).toMatch(/answers new connections, but not this one/);
  });

  test('that listens is asked nothing while nobody is in a hurry to hear', async () => {
    let isProbed = false;
    const client = await connect({ probeEveryMs: 50, isProbed: () => isProbed, connectionName: 'patient' });
    await client.subscribe('alive:patient');
    const looks = Array.from({ length: 10 }, () => new Promise((resolve) => setTimeout(resolve, 50)));
    for (const look of looks) await look;
    expect(await lastCommandOf('patient')).toBe('subscribe');
    isProbed = true;
    while ((await lastCommandOf('patient')) !== 'ping') await new Promise((resolve) => setTimeout(resolve, 20));
  });

  test('that listens is asked nothing as long as it hears something', async () => {
    const client = await connect({ probeEveryMs: 300, connectionName: 'asked' });
    await client.subscribe('alive:busy');
    const heard = new Set<string>();
    client.on('message', (_channel: string, text: string) => heard.add(text));
    for (let n = 0; n < 20; n += 1) {
      await admin.publish('alive:busy', String(n));
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect([await lastCommandOf('asked'), heard.size]).toEqual(['subscribe', 20]);
    while ((await lastCommandOf('asked')) !== 'ping') await new Promise((resolve) => setTimeout(resolve, 20));
  });

  test('is kept through a network that stalls for five seconds', async () => {
    const client = await connect();
    proxy.inject({ kind: 'stall', ms: 5_000 });
    expect(await client.ping()).toBe('PONG');
    expect(proxy.stats.connections).toBeGreaterThan(1);
  });

  test('is kept while bytes trickle in', async () => {
    const client = await connect();
    await client.set('alive:large', 'x'.repeat(40_000));
    proxy.inject({ kind: 'trickle', ms: 60_000 });
    expect(await client.getrange('alive:large', 0, -1)).toHaveLength(40_000);
    expect(client.status).toBe('ready');
  });

  test('is kept when the own event loop was blocked for longer than an answer may take', async () => {
    const client = await connect();
    const answer = client.ping();
    const until = performance.now() + 10_000;
    while (performance.now() < until);
    expect(await answer).toBe('PONG');
    expect(client.status).toBe('ready');
  });

  test('is given up when nobody is answered for eight seconds, and so is one that is being made', async () => {
    const client = await connect();
    const ended = endOf(client);
    proxy.inject({ kind: 'half-open', ms: 60_000 });
    const [asked, attempt] = await Promise.allSettled([client.ping(), connect()]);
    expect([asked.status, attempt]).toMatchObject(['rejected', { reason: { message: silence } }]);
    expect(await ended).toBe(silence);
  });

  test('that leads nowhere is disconnected at once all the same', async () => {
    const client = await connect();
    await proxy.inject({ kind: 'half-open' }).over;
    const asked = client.ping();
    await Promise.all([disconnectRedis(client), expect(asked).rejects.toThrow('closed')]);
  });
});

describeWithPrograms(['redis-server'], 'A connection to a Redis that answers nobody', () => {
  let server: PrivateRedis;
  let client: Redis;

  const connect = (name: string): Promise<Redis> => open(server.url, name);

  beforeEach(async () => {
    server = await startRedisServer();
    client = await connect('kept');
  });

  afterEach(async () => {
    await disconnectRedis(client);
    await server.stop();
  });

  test('is kept while a script of somebody else is slow', async () => {
    const other = await connect('slow');
    const slow = other.eval(
      "local t = redis.call('TIME')[1] + 4 repeat until redis.call('TIME')[1] + 0 >= t return 1",
      0,
    );
    expect(await client.incr('count')).toBe(1);
    expect([await slow, client.status]).toEqual([1, 'ready']);
    await disconnectRedis(other);
  });

  test('is kept while writes are held back for a failover', async () => {
    const admin = await connect('admin');
    await admin.call('CLIENT', 'PAUSE', '4000', 'WRITE');
    expect(await client.eval("return redis.call('INCR', KEYS[1])", 1, 'count')).toBe(1);
    expect(client.status).toBe('ready');
    await disconnectRedis(admin);
  });

  test('is kept while its process is stopped for six seconds', async () => {
    server.freeze();
    setTimeout(() => server.thaw(), 6_000);
    expect(await client.incr('count')).toBe(1);
    expect(client.status).toBe('ready');
  });
});
