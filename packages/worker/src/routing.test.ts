import { Ctq, workerDirect } from '@ctq/core';
import { memoryBackend } from '@ctq/core/backend';
import { binding, broadcast, exchange, memoryTransport, queue } from '@ctq/messaging';
import { deferred } from '@ctq/runtime';
import { describe, expect, test } from 'vitest';
import { WorkerScene } from './__fixtures__/worker-scene.js';
import { Worker } from './worker.js';

const topic = exchange('feeds', { type: 'topic' });
const sports = queue('sports', { exchange: topic, routingKey: 'sports.#' });
const everything = queue('everything', { exchange: topic, routingKey: '#' });

describe('Routing to a worker', () => {
  test('consumes all of taskQueues, or those it is given, less the excluded [WK-046, CL-044, CL-045, ST-171, TR-021]', async () => {
    await using scene = new WorkerScene({ taskQueues: [sports, everything, queue('q', { alias: 'other' })] });
    const namesOf = (options: Parameters<typeof scene.worker>[0]) =>
      scene.worker(options).queues.map(({ name }) => name);
    expect(namesOf({})).toEqual(['sports', 'everything', 'q']);
    expect(namesOf({ queues: ['sports', 'new'] })).toEqual(['sports', 'new']);
    expect(namesOf({ excludeQueues: ['sports', 'other'] })).toEqual(['everything']);
    expect(namesOf({ queues: ['sports', 'everything'], excludeQueues: ['everything'] })).toEqual(['sports']);
  });

  test('refuses a queue that is not known with taskCreateMissingQueues off [CL-044, ST-153]', async () => {
    await using scene = new WorkerScene({ taskQueues: [sports], taskCreateMissingQueues: false });
    expect(() => scene.worker({ queues: ['sprots'] })).toThrow(/There is no queue 'sprots' in taskQueues \(sports\)/);
  });

  test('a route with an exchange and a key reaches the queues that are bound to it [TR-250, TR-264, ST-175]', async () => {
    const bound = queue('both', { exchange: topic, routingKey: 'news.#', bindings: [binding(topic, 'weather.#')] });
    await using scene = new WorkerScene({
      taskQueues: [sports, bound],
      taskRoutes: [
        ['score', { exchange: 'feeds', routingKey: 'sports.football' }],
        ['rain', { queue: 'sports', routingKey: 'weather.rain' }],
      ],
    });
    const score = scene.app.task('score', { bind: true }, (ctx) => ctx.request.deliveryInfo);
    const rain = scene.app.task('rain', { bind: true }, (ctx) => ctx.request.deliveryInfo);
    const scored = await score.delay();
    const rained = await rain.delay();
    expect([await scene.waiting('sports'), await scene.waiting('both')]).toEqual([1, 1]);
    await scene.start();
    expect(await scored.get({ timeout: 10 })).toMatchObject({ exchange: 'feeds', routingKey: 'sports.football' });
    expect(await rained.get({ timeout: 10 })).toMatchObject({ exchange: 'feeds', routingKey: 'weather.rain' });
  });

  test('a broadcast reaches every worker, also from an app that consumes nothing [TR-265]', async () => {
    const broker = memoryTransport();
    const ran: string[] = [];
    const both = deferred();
    const program = (name: string) => {
      const app = new Ctq(name, {
        broker,
        backend: memoryBackend(),
        taskQueues: [queue('celery'), broadcast('news')],
        taskRoutes: { tell: 'news' },
      });
      app.task('tell', (what: string) => {
        ran.push(`${name}: ${what}`);
        if (ran.length === 2) both.resolve();
      });
      return app;
    };
    await using one = program('one');
    await using two = program('two');
    await using sender = program('sender');
    await using first = new Worker(one);
    await using second = new Worker(two);
    await first.start();
    await second.start();
    await sender.sendTask('tell', ['hello']);
    await both.promise;
    expect(ran.sort()).toEqual(['one: hello', 'two: hello']);
    // The sender gathers no copies.
    await using connection = await sender.connect();
    const channel = await connection.openChannel();
    const own = sender.kernel.queues.named('news').name;
    await expect(
      channel.declareQueue({ name: own, durable: true, exclusive: false, autoDelete: true, passive: true }),
    ).rejects.toThrow(/There is no queue/);
  });

  test('workerDirect: a worker takes from a queue of its own, beside those it was given [TR-266, WK-045, ST-190]', async () => {
    await using scene = new WorkerScene({ workerDirect: true });
    const where = scene.app.task('where', { bind: true }, (ctx) => ctx.request.hostname);
    await scene.start({ hostname: 'a@host', queues: ['other'] });
    const b = await scene.start({ hostname: 'b@host' });
    expect(b.queues.map(({ name }) => name)).toEqual(['celery', 'b@host.dq2']);
    for (const name of ['b@host', 'a@host', 'b@host']) {
      const result = await where.applyAsync([], { queue: workerDirect(name) });
      expect(await result.get({ timeout: 10 })).toBe(name);
    }
  });

  test('priority: the urgent ones first [TR-083, TR-054]', async () => {
    await using scene = new WorkerScene({ taskRoutes: { high: { priority: 8 } } });
    const order: string[] = [];
    const define = (name: string, priority?: number) =>
      scene.app.task(name, priority === undefined ? {} : { priority }, () => void order.push(name));
    const low = define('low', 1);
    const middle = define('middle');
    const high = define('high');
    const results = [
      await low.delay(),
      await middle.applyAsync([], { priority: 5 }),
      await high.delay(),
      await low.applyAsync([], { priority: 9 }),
    ];
    await scene.start({ concurrency: 1 });
    await Promise.all(results.map((result) => result.get({ timeout: 10 })));
    expect(order).toEqual(['low', 'high', 'middle', 'low']);
  });
});
