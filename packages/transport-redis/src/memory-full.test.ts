import { inspect } from 'node:util';
import { TransportConnectionError, TransportError } from '@ctq/messaging';
import { silentLogger, systemClock } from '@ctq/runtime';
import { startRedisServer } from '@ctq/test-services';
import { describeWithPrograms } from '@ctq/test-services/vitest';
import { Redis } from 'ioredis';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { message } from './__fixtures__/redis-scene.js';
import { redisConfig } from './redis-options.js';
import { RedisQueueStore } from './redis-store.js';

describeWithPrograms(['redis-server'], 'when the memory of the server is full', () => {
  let admin: Redis;
  let store: RedisQueueStore;

  beforeEach(async () => {
    const server = await startRedisServer();
    onTestFinished(() => server.stop());
    admin = new Redis(server.url);
    onTestFinished(() => admin.disconnect());
    store = new RedisQueueStore(redisConfig({ url: server.url, leaseDuration: '30s' }));
    await store.open({ clock: systemClock, logger: silentLogger, holder: 'holder' }, AbortSignal.timeout(10_000));
    onTestFinished(() => store.close());
  });

  const push = (...queues: string[]): Promise<void> =>
    store.push(queues.map((queue) => ({ queue, message, route: { exchange: '', routingKey: queue }, priority: 0 })));

  const fill = async (): Promise<void> => void (await admin.config('SET', 'maxmemory', '1'));

  test('publishing is refused for as long as it is, and the connection is as good as before', async () => {
    await fill();
    for (const refused of [push('a'), push('a', 'b')]) {
      const error: unknown = await refused.catch((thrown: unknown) => thrown);
      expect(TransportError.isInstance(error) && error.recoverable).toBe(true);
      expect(TransportConnectionError.isInstance(error)).toBe(false);
      expect(String(error)).toContain('OOM');
      // Nor what was in the message.
      expect(inspect(error, { depth: 10 })).not.toContain('content-type');
    }
    await admin.config('SET', 'maxmemory', '0');
    await push('a', 'b');
    expect(await store.size('a')).toMatchObject({ waiting: 1 });
  });

  test('messages are taken, kept, given back, parked and acknowledged', async () => {
    await push(...Array.from({ length: 4 }, () => 'work'));
    await fill();
    const [acked, released, parked, kept] = await store.pop({ queues: ['work'], limit: 4, noAck: false });
    const before = Number(await admin.zscore('ctq.leases', 'holder'));
    while (Number(await admin.zscore('ctq.leases', 'holder')) === before) await store.lease.renew();
    const lost = await store.settle([
      { kind: 'ack', tag: acked?.tag ?? '' },
      { kind: 'release', tag: released?.tag ?? '', position: 'front', charged: true },
      { kind: 'park', tag: parked?.tag ?? '', dueAt: Date.now() + 3_600_000 },
    ]);
    expect(lost).toEqual([]);
    expect(await store.lease.lost([kept?.tag ?? ''])).toEqual([]);
    expect(await store.size('work')).toEqual({ waiting: 1, parked: 1, held: 1 });
  });

  test('what a dead process held goes back', async () => {
    await push('work');
    await store.pop({ queues: ['work'], limit: 1, noAck: false });
    await admin.zadd('ctq.leases', 0, 'holder');
    await fill();
    expect(await store.lease.sweep()).toBe(1);
    expect(await store.size('work')).toEqual({ waiting: 1, parked: 0, held: 0 });
  });
});
