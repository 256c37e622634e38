import { Ctq } from '@ctq/core';
import { Deadline } from '@ctq/runtime';
import { redisDatabase } from '@ctq/test-services';
import { describeWith } from '@ctq/test-services/vitest';
import { redis } from '@ctq/transport-redis';
import { Worker } from '@ctq/worker';
import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { eventually } from './mixed-fleet.js';
import { CeleryClient } from './python/celery-client.js';
import { CeleryWorker } from './python/celery-worker.js';
import { makingPythonMs, pythonWithCelery } from './python/environment.js';

const tasks = 10_000;
/** Sent by Python, which takes its time over it. */
const fromPython = 2_000;
/** At its own speed the ctq worker would be done before Python's had begun: so many at once that take so long are 2,000 a second. */
const concurrency = 20;
const takesMs = 10;

describeWith('redis', 'One queue that a Celery worker and a ctq worker consume', (url) => {
  test(
    `has ${tasks} tasks of both languages executed once each, some by either {python, ctq → both: shared queue}`,
    async () => {
      const broker = redisDatabase(url, 'interopSharedQueue');
      const site = { broker, backend: broker };
      const python = await pythonWithCelery();
      const journal = new Redis(site.broker);
      await journal.flushdb();
      await using app = new Ctq('shared', { broker: redis({ url: site.broker }), taskIgnoreResult: true });
      const count = app.task('shared.count', async (number: number) => {
        await Promise.all([journal.hincrby('executed', String(number), 1), journal.incr('executed:typescript')]);
        await new Promise((resolve) => setTimeout(resolve, takesMs));
      });
      const settings = { task_ignore_result: true, worker_prefetch_multiplier: 4 };
      await using client = new CeleryClient(python, { ...site, settings });
      const numbers = Array.from({ length: tasks }, (_, n) => n);
      const sent = client.sendMany('shared.count', numbers.slice(0, fromPython), {
        queue: 'shared',
        ignore_result: true,
      });
      const worker = new Worker(app, { queues: ['shared'], concurrency });
      {
        await using _python = await CeleryWorker.start(python, { ...site, settings }, ['shared']);
        await worker.start();
        await Promise.all(numbers.slice(fromPython).map((n) => count.applyAsync([n], { queue: 'shared' })));
        await sent;
        await eventually(async () => (await journal.hlen('executed')) === tasks);
        // Both finish what they hold. A second execution of anything would still be waiting, be held, or be counted.
        await worker.stop(Deadline.after(10_000));
      }
      const executed = Object.values(await journal.hgetall('executed'));
      expect(executed.filter((times) => times !== '1')).toEqual([]);
      expect(executed).toHaveLength(tasks);
      const left = (await journal.keys('*')).filter((key) =>
        /^(?:shared|unacked|ctq\.held|celery-task-meta)/.test(key),
      );
      expect(left).toEqual([]);
      const shares = (await journal.mget('executed:python', 'executed:typescript')).map(Number);
      expect(shares.reduce((sum, share) => sum + share, 0)).toBe(tasks);
      expect(Math.min(...shares)).toBeGreaterThan(100);
      journal.disconnect();
    },
    makingPythonMs,
  );
});
