import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { silentLogger, systemClock } from '@ctq/runtime';
import { describeWith } from '@ctq/test-services/vitest';
import { Redis } from 'ioredis';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { message } from './__fixtures__/redis-scene.js';
import { redisConfig } from './redis-options.js';
import { RedisQueueStore } from './redis-store.js';

const leaseMs = 1_000;
describeWith('redis', 'A message in the hands of a process', (url) => {
  let store: RedisQueueStore;
  let queue: string;

  beforeEach(async () => {
    queue = crypto.randomUUID();
    const config = redisConfig({ url, globalKeyprefix: `holding-${queue}:`, leaseDuration: `${leaseMs}ms` });
    store = new RedisQueueStore(config);
    const context = { clock: systemClock, logger: silentLogger, holder: crypto.randomUUID() };
    await store.open(context, AbortSignal.timeout(10_000));
    onTestFinished(() => store.close());
    await store.push([{ queue, message, route: { exchange: '', routingKey: queue }, priority: 0 }]);
  });

  async function holder(mode: 'keeper' | 'alone'): Promise<ChildProcess> {
    const child = fork(new URL('../test/hold.mjs', import.meta.url), [url, queue, String(leaseMs), mode], {
      execArgv: [],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    await once(child, 'message');
    return child;
  }

  /** Sweeps until the promise is settled; resolves with how many came back. */
  async function sweepUntil(over: Promise<unknown>): Promise<number> {
    let isOver = false;
    void over.finally(() => (isOver = true));
    let swept = 0;
    while (!isOver) {
      swept += await store.lease.sweep();
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return swept;
  }

  test('is parked for whole milliseconds, never fewer', async () => {
    const [held] = await store.pop({ queues: [queue], limit: 1, noAck: false });
    const dueAt = Date.now() + 3_600_000;
    await store.settle([{ kind: 'park', tag: held?.tag ?? '', dueAt: dueAt + 0.25 }]);
    const admin = new Redis(url);
    onTestFinished(() => admin.disconnect());
    expect(await admin.zrange(`holding-${queue}:ctq.delayed.${queue}`, '0', '-1', 'WITHSCORES')).toEqual([
      expect.any(String),
      String(dueAt + 1),
    ]);
  });

  test('stays there while its main loop is blocked for longer than the lease, where a keeper thread renews', async () => {
    const child = await holder('keeper');
    const report = once(child, 'message');
    child.send(3 * leaseMs);
    expect(await sweepUntil(report)).toBe(0);
    expect((await report)[0]).toEqual({ isHeld: true });
    expect(await store.size(queue)).toEqual({ waiting: 0, parked: 0, held: 0 });
  }, 30_000);

  test('goes back to its queue where none does, and the process knows', async () => {
    const child = await holder('alone');
    const report = once(child, 'message');
    child.send(3 * leaseMs);
    expect(await sweepUntil(report)).toBe(1);
    expect((await report)[0]).toEqual({ isHeld: false });
    expect(await store.size(queue)).toEqual({ waiting: 1, parked: 0, held: 0 });
  }, 30_000);

  test.skipIf(process.platform === 'win32')(
    'is not touched by one that was frozen for longer than its lease, when it is thawed',
    async () => {
      const child = await holder('keeper');
      child.kill('SIGSTOP');
      while ((await store.size(queue)).waiting === 0) {
        await store.lease.sweep();
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      const [mine] = await store.pop({ queues: [queue], limit: 1, noAck: false });
      expect(mine).toMatchObject({ redelivered: true, deliveryCount: 1 });
      const report = once(child, 'message');
      child.kill('SIGCONT');
      child.send(0);
      expect((await report)[0]).toEqual({ isHeld: false });
      expect(await store.size(queue)).toEqual({ waiting: 0, parked: 0, held: 1 });
      expect(await store.settle([{ kind: 'ack', tag: mine?.tag ?? '' }])).toEqual([]);
    },
    30_000,
  );
});
