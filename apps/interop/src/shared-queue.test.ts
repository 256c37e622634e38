import { Ctq } from '@ctq/core';
import { Deadline } from '@ctq/runtime';
import { Worker } from '@ctq/worker';
import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { deleteQueues } from './ctq-peer.js';
import { eventually } from './mixed-fleet.js';
import { describeOverBrokers, transportOf } from './places.js';
import { CeleryClient } from './python/celery-client.js';
import { CeleryWorker } from './python/celery-worker.js';
import { makingPythonMs, pythonWithCelery } from './python/environment.js';

/** How many tasks there are; so many of them are sent by Python, which takes its time over it; so many each language has executed at least. */
const loads = {
  Redis: { tasks: 10_000, fromPython: 2_000, share: 100 },
  RabbitMQ: { tasks: 2_000, fromPython: 400, share: 20 },
} as const;
/** At its own speed the ctq worker would be done before Python's had begun: so many at once that take so long are 2,000 a second. */
const concurrency = 20;
const takesMs = 10;

const title = 'One queue that a Celery worker and a ctq worker consume';
const names = { redis: 'interopSharedQueue', amqp: 'interopSharedQueue' } as const;

describeOverBrokers(title, names, (place) => {
  const { tasks, fromPython, share } = loads[place.on];
  const isRabbitMq = place.on === 'RabbitMQ';

  test(
    `has ${tasks} tasks of both languages executed once each, some by either {python, ctq → both: shared queue}`,
    async () => {
      const python = await pythonWithCelery();
      const journal = new Redis(place.backend);
      await journal.flushdb();
      if (isRabbitMq) await deleteQueues(place, ['shared', 'python']);
      const queueType = isRabbitMq ? ({ task_create_missing_queue_type: 'quorum' } as const) : {};
      await using app = new Ctq('shared', { broker: transportOf(place), taskIgnoreResult: true, ...queueType });
      const count = app.task('shared.count', async (number: number) => {
        await Promise.all([journal.hincrby('executed', String(number), 1), journal.incr('executed:typescript')]);
        await new Promise((resolve) => setTimeout(resolve, takesMs));
      });
      const settings = { task_ignore_result: true, worker_prefetch_multiplier: 4, ...queueType };
      await using client = new CeleryClient(python, { ...place, settings });
      const numbers = Array.from({ length: tasks }, (_, n) => n);
      const sent = client.sendMany('shared.count', numbers.slice(0, fromPython), {
        queue: 'shared',
        ignore_result: true,
      });
      const worker = new Worker(app, { queues: ['shared'], concurrency });
      {
        await using _python = await CeleryWorker.start(python, { ...place, settings }, ['shared']);
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
      expect(isRabbitMq ? await deleteQueues(place, ['shared']) : 0).toBe(0);
      const shares = (await journal.mget('executed:python', 'executed:typescript')).map(Number);
      expect(shares.reduce((sum, share) => sum + share, 0)).toBe(tasks);
      expect(Math.min(...shares)).toBeGreaterThan(share);
      journal.disconnect();
    },
    makingPythonMs,
  );
});
