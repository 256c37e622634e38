import { createLogger, type LogRecord, silentLogger, systemClock, VirtualClock } from '@ctq/runtime';
import { startRedisServer } from '@ctq/test-services';
import { describeWith, describeWithPrograms } from '@ctq/test-services/vitest';
import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { message } from './__fixtures__/redis-scene.js';
import { redisConfig } from './redis-options.js';
import { RedisQueueStore } from './redis-store.js';
import { redis } from './redis-transport.js';

describeWith('redis', 'arrivals', (url) => {
  const config = redisConfig({ url, globalKeyprefix: 'arrivals:' });

  async function open(lines: LogRecord[]): Promise<RedisQueueStore> {
    const store = new RedisQueueStore(config);
    const logger = createLogger((line) => lines.push(line));
    await store.open({ clock: systemClock, logger, holder: crypto.randomUUID() }, AbortSignal.timeout(10_000));
    return store;
  }

  const push = (store: RedisQueueStore, queue: string, priority = 0): Promise<void> =>
    store.push([{ queue, message, route: { exchange: '', routingKey: queue }, priority }]);

  test.each([0, 5, 9])('are announced by the server, at priority %i too, again and again', async (priority) => {
    const lines: LogRecord[] = [];
    const [consumer, producer] = [await open(lines), await open(lines)];
    const queue = `announced-${priority}`;
    for (let round = 0; round < 3; round += 1) {
      const arrived = consumer.wait(['other', queue], AbortSignal.timeout(20_000));
      expect(await consumer.pop({ queues: ['other', queue], limit: 5, noAck: true })).toEqual([]);
      await push(producer, queue, priority);
      await arrived;
      expect(await consumer.pop({ queues: ['other', queue], limit: 1, noAck: true })).toHaveLength(1);
    }
    // Polling would have said so.
    expect(lines).toEqual([]);
    await Promise.all([consumer.close(), producer.close()]);
  });

  test("of a Python program's are announced too", async () => {
    const lines: LogRecord[] = [];
    const consumer = await open(lines);
    const python = new Redis(url);
    const arrived = consumer.wait(['foreign'], AbortSignal.timeout(20_000));
    expect(await consumer.pop({ queues: ['foreign'], limit: 5, noAck: true })).toEqual([]);
    await python.lpush('arrivals:foreign', '{"no": "envelope"}');
    await arrived;
    // What is no message of anybody's is delivered as it is, for the consumer to refuse.
    const [delivered] = await consumer.pop({ queues: ['foreign'], limit: 5, noAck: true });
    expect(Buffer.from(delivered?.message.body ?? []).toString()).toBe('{"no": "envelope"}');
    expect(lines).toEqual([]);
    await consumer.close();
    python.disconnect();
  });

  test.each([
    ['once a second', {}, 1_000],
    ['as often as is said [MS-146]', { pollingInterval: 0.1 }, 100],
  ])('are looked for %s where the server does not announce them, which is said', async (_, options, pollMs) => {
    const admin = new Redis(url);
    await admin.acl('SETUSER', 'untracked', 'on', '>secret', '~*', '&*', '+@all', '-client|tracking');
    const restricted = new URL(url);
    restricted.username = 'untracked';
    restricted.password = 'secret';
    const lines: LogRecord[] = [];
    const store = new RedisQueueStore(redisConfig({ url: restricted.href, globalKeyprefix: 'arrivals:', ...options }));
    const logger = createLogger((line) => lines.push(line));
    await store.open({ clock: systemClock, logger, holder: crypto.randomUUID() }, AbortSignal.timeout(10_000));
    await store.wait(['polled'], AbortSignal.timeout(20_000));
    expect(lines.map((line) => line.message)).toEqual(['Redis does not announce new messages here; queues are polled']);
    expect(lines[0]?.fields).toMatchObject({ pollMs });
    await store.close();
    await admin.acl('DELUSER', 'untracked');
    admin.disconnect();
  });
});

describeWithPrograms(['redis-server'], 'a consumer that waits', () => {
  test('sends eleven commands a minute, sweeps included', async () => {
    const server = await startRedisServer();
    const clock = new VirtualClock();
    const connection = await redis({ url: server.url }).connect(
      { clock, logger: silentLogger },
      AbortSignal.timeout(10_000),
    );
    const channel = await connection.openChannel();
    await channel.consume('idle', { noAck: false, includeExpired: true, arguments: {} }, () => undefined);
    const admin = new Redis(server.url);
    // Steps of the virtual clock, and time for the answers of a real server.
    const pass = async (seconds: number): Promise<void> => {
      for (let step = 0; step < seconds * 2; step += 1) {
        await clock.advance(500);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    };
    await pass(10);
    await admin.config('RESETSTAT');
    await pass(60);
    const stats = await admin.info('commandstats');
    const calls = new Map(
      [...stats.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)].map(([, name, n]) => [name, Number(n)]),
    );
    expect(calls.get('evalsha')).toBeGreaterThanOrEqual(9);
    expect(calls.get('evalsha')).toBeLessThanOrEqual(11);
    // What looks and pops do inside; nothing else was sent but by this test.
    const inside = ['evalsha', 'get', 'time', 'zrange', 'zrangebyscore', 'llen', 'rpop', 'config|resetstat', 'info'];
    expect([...calls.keys()].filter((name) => !inside.includes(name ?? ''))).toEqual([]);
    admin.disconnect();
    await connection.close();
    await server.stop();
  });
});
