import { redisBackend } from '@ctq/backend-redis';
import { Ctq } from '@ctq/core';
import { Deadline } from '@ctq/runtime';
import { describeWith } from '@ctq/test-services/vitest';
import { redis } from '@ctq/transport-redis';
import { Worker } from '@ctq/worker';
import { Redis } from 'ioredis';
import { expect, it } from 'vitest';

describeWith('redis', 'A Redis that ends connections and forgets scripts', (url) => {
  // Databases of their own, by which these connections are told from those of other suites.
  const at = (db: number): string => {
    const database = new URL(url);
    database.pathname = `/${db}`;
    return database.href;
  };

  async function disturb(admin: Redis): Promise<void> {
    const clients = String(await admin.client('LIST')).split('\n');
    for (const client of clients) {
      const [, id] = /^id=(\d+) .* db=[56] /.exec(client) ?? [];
      if (id !== undefined) await admin.client('KILL', 'ID', id).catch(() => undefined);
    }
    await admin.script('FLUSH');
  }

  it('loses nothing that was accepted, and keeps nobody waiting for ever', { timeout: 120_000 }, async () => {
    const executed = new Set<number>();
    await using app = new Ctq('faults', {
      broker: redis({ url: at(5), leaseDuration: '2s' }),
      backend: redisBackend({ url: at(6) }),
    });
    const work = app.task('work', (n: number) => {
      executed.add(n);
      return n * 2;
    });
    const worker = new Worker(app, { concurrency: 20 });
    await worker.start();
    const admin = new Redis(url);
    const results: Promise<number>[] = [];
    // What a publish rejects was not accepted.
    const accepted: number[] = [];
    for (let slice = 0; slice < 15; slice += 1) {
      const numbers = Array.from({ length: 100 }, (_, n) => slice * 100 + n);
      const sent = numbers.map(async (n) => {
        const result = await work.delay(n);
        accepted.push(n);
        results.push(result.get({ timeout: '90s' }));
      });
      await disturb(admin);
      await Promise.allSettled(sent);
    }
    const values = await Promise.all(results);
    expect(accepted.length).toBeGreaterThan(0);
    expect(values.sort((a, b) => a - b)).toEqual(accepted.sort((a, b) => a - b).map((n) => n * 2));
    expect(accepted.filter((n) => !executed.has(n))).toEqual([]);
    admin.disconnect();
    await worker.stop(Deadline.after(5_000));
  });
});
