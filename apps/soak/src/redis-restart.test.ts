import { redisBackend } from '@ctq/backend-redis';
import { Ctq } from '@ctq/core';
import { Deadline, deferred } from '@ctq/runtime';
import { startRedisServer } from '@ctq/test-services';
import { describeWithPrograms } from '@ctq/test-services/vitest';
import { redis } from '@ctq/transport-redis';
import { Worker } from '@ctq/worker';
import { Redis } from 'ioredis';
import { expect, it } from 'vitest';

describeWithPrograms(['redis-server'], 'A Redis that writes before it answers (appendfsync always)', () => {
  it('loses nothing that was accepted, however it is killed', { timeout: 120_000 }, async () => {
    await using server = await startRedisServer({ config: { appendonly: 'yes', appendfsync: 'always' } });
    const executed = new Set<number>();
    await using app = new Ctq('restart', {
      broker: redis({ url: server.url, leaseDuration: '2s' }),
      backend: redisBackend({ url: server.url.replace('/0', '/1') }),
      taskPublishRetryPolicy: { maxRetries: 100 },
    });
    const work = app.task('work', (n: number) => {
      executed.add(n);
      return n * 2;
    });
    const worker = new Worker(app, { concurrency: 20 });
    await worker.start();
    const accepted: number[] = [];
    const results: Promise<number>[] = [];
    for (let slice = 0; slice < 20; slice += 1) {
      const sent = Array.from({ length: 100 }, async (_, index) => {
        const n = slice * 100 + index;
        const result = await work.delay(n);
        accepted.push(n);
        results.push(result.get({ timeout: '90s' }));
      });
      if (slice % 5 === 2) {
        // Some of these are on their way.
        await Promise.race(sent);
        await server.kill();
        await server.startAgain();
      }
      await Promise.allSettled(sent);
    }
    const values = await Promise.all(results);
    expect(accepted).toHaveLength(2_000);
    expect(values.sort((a, b) => a - b)).toEqual(accepted.sort((a, b) => a - b).map((n) => n * 2));
    expect(accepted.filter((n) => !executed.has(n))).toEqual([]);
    await worker.stop(Deadline.after(5_000));
  });
});

describeWithPrograms(['redis-server'], 'A Redis whose memory is full', () => {
  it('refuses new tasks, and the worker gets through those that wait', async () => {
    await using server = await startRedisServer();
    await using app = new Ctq('full', {
      broker: redis({ url: server.url }),
      taskIgnoreResult: true,
      taskPublishRetryPolicy: { maxRetries: 1, intervalStart: 0 },
    });
    const executed: number[] = [];
    const isStarted = deferred();
    const gate = deferred();
    const work = app.task('work', async (n: number) => {
      isStarted.resolve();
      await gate.promise;
      executed.push(n);
    });
    for (let n = 0; n < 50; n += 1) await work.delay(n);
    const worker = new Worker(app, { concurrency: 5 });
    await worker.start();
    await isStarted.promise;
    const admin = new Redis(server.url);
    await admin.config('SET', 'maxmemory', '1');
    await expect(work.delay(50)).rejects.toMatchObject({ message: expect.stringContaining('OOM'), recoverable: true });
    gate.resolve();
    while ((await admin.hlen('unacked')) + (await admin.llen('celery')) > 0);
    expect(executed.sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, n) => n));
    await admin.config('SET', 'maxmemory', '0');
    await work.delay(51);
    while (!executed.includes(51)) await admin.ping();
    admin.disconnect();
    await worker.stop(Deadline.after(5_000));
  });
});
