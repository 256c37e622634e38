import { redisBackend } from '@ctq/backend-redis';
import { Ctq, currentTask } from '@ctq/core';
import { broadcast, queue } from '@ctq/messaging';
import { Deadline, deferred } from '@ctq/runtime';
import { Worker } from '@ctq/worker';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually, inTypescript, MixedFleet } from './mixed-fleet.js';
import { describeOverBrokers, transportOf } from './places.js';
import { CeleryWorker } from './python/celery-worker.js';
import { makingPythonMs, pythonWithCelery } from './python/environment.js';

const soon = { timeout: '20s' } as const;

describeOverBrokers(
  'Calls made in tasks, between the languages',
  { redis: 'interopCalling', amqp: 'interopCalling' },
  (place) => {
    const fleet = new MixedFleet(place, { task_inherit_parent_priority: true });
    const { app } = fleet;
    const started = deferred();
    app.task('typescript.add', (x: number, y: number) => x + y);
    app.task('typescript.placed', () => {
      const { rootId, parentId, deliveryInfo } = currentTask()?.request ?? {};
      return [rootId, parentId, deliveryInfo?.priority];
    });
    app.task(
      'typescript.parent',
      async (task: string, to: string) => (await app.sendTask(task, [], {}, { queue: to })).id,
    );
    app.task('typescript.abortable', { bind: true, abortable: true }, async (ctx) => {
      started.resolve();
      await new Promise<void>((resolve) => ctx.signal.addEventListener('abort', () => resolve(), { once: true }));
      return 'tidied up';
    });

    beforeAll(() => fleet.start(), makingPythonMs);
    afterAll(() => fleet.stop(), 30_000);

    test('what a ctq task sends has its root, parent and priority in Python, and is a child that Python reads [TR-108, TR-130, ST-156] {ctq → python: parents} {python → ctq: children}', async () => {
      const result = await app.sendTask<string>('typescript.parent', ['python.placed', 'python'], {}, { priority: 6 });
      const child = await result.get(soon);
      expect(await app.asyncResult(child).get(soon)).toEqual([result.id, result.id, 6]);
      expect(await fleet.client.children(result.id)).toEqual([child]);
    });

    test('what a Python task sends is a child that ctq reads [TR-108, TR-171] {python → ctq: parents} {ctq → python: children}', async () => {
      const call = ['typescript.add', 'typescript'];
      const result = await app.sendTask<string>('python.parent', call, {}, { queue: 'python' });
      const child = await result.get(soon);
      expect(await app.asyncResult(child).get(soon)).toBe(2);
      expect((await result.record())?.children).toEqual([[[child, null], null]]);
    });

    test('an abortable task of either language is told by a client of the other [TR-202, TR-203, TR-204] {python → ctq: abort} {ctq → python: abort}', async () => {
      const id = await fleet.client.send(inTypescript('typescript.abortable'));
      await started.promise;
      await fleet.client.abort(id);
      expect(await fleet.client.get(id)).toEqual({ value: 'tidied up' });
      const result = await app.sendTask('python.abortable', [], {}, { queue: 'python' });
      expect(await app.abort(result)).toBe(true);
      expect(await result.get(soon)).toBe('tidied up');
    });

    test('a Python worker executes what is sent with protocol 1 [ST-168, TR-285] {ctq → python: protocol 1}', async () => {
      await using old = new Ctq('old', {
        broker: transportOf(fleet.place),
        backend: fleet.place.backend,
        taskProtocol: 1,
      });
      const add = old.remote<(x: number, y: number) => number>('python.add');
      expect(await (await add.applyAsync([1, 2] as never, { queue: 'python', countdown: '100ms' })).get(soon)).toBe(3);
      const steps = await old
        .signature('python.add', [1, 1])
        .set({ queue: 'python', link: old.signature('python.add', [1]).set({ queue: 'python' }) })
        .delay();
      expect(await steps.get(soon)).toBe(2);
    });
  },
);

describeOverBrokers('A broadcast', { redis: 'interopBroadcast', amqp: 'interopBroadcast' }, (place) => {
  test(
    'reaches the workers of both languages, once each [TR-265] {python, ctq → both: broadcast}',
    async () => {
      const journal = new Redis(place.backend);
      await journal.flushdb();
      const program = (name: string) =>
        new Ctq(name, {
          broker: transportOf(place),
          backend: redisBackend({ url: place.backend }),
          // Kombu's fan-out on Redis goes by the routing key too, which is the default one of the other side.
          taskQueues: [queue('typescript'), broadcast('news', { routingKey: 'python' })],
          taskRoutes: { 'shared.tell': 'news' },
        });
      const python = await pythonWithCelery();
      const site = { ...place, settings: {} };
      await using _other = await CeleryWorker.start(python, site, ['python', 'news']);
      await using app = program('one');
      app.task('shared.tell', async (what: string) => void (await journal.rpush('told', `typescript: ${what}`)));
      const worker = new Worker(app);
      await worker.start();
      await using sender = program('sender');
      await sender.sendTask('shared.tell', ['hello']);
      await eventually(async () => (await journal.llen('told')) >= 2);
      expect((await journal.lrange('told', 0, -1)).sort()).toEqual(['python: hello', 'typescript: hello']);
      await worker.stop(Deadline.after(5_000));
      journal.disconnect();
    },
    makingPythonMs,
  );
});
