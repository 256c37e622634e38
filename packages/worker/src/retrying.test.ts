import { currentTask, MaxRetriesExceededError, TaskDirective } from '@ctq/core';
import { describe, expect, test } from 'vitest';
import { WorkerScene } from './__fixtures__/worker-scene.js';

describe('ctx.retry', () => {
  test('runs the task again with other arguments, in another queue, with another priority [TR-134, TR-140]', async () => {
    await using scene = new WorkerScene();
    const task = scene.app.task('task', { bind: true, params: ['x', 'y'] }, (ctx, x: number, y: number): unknown => {
      const { retries, deliveryInfo } = ctx.request;
      if (retries === 0) ctx.retry({ countdown: 0, args: [x + 1] });
      if (retries === 1) ctx.retry({ countdown: 0, args: [], kwargs: { x: 10, y } });
      if (retries === 2) ctx.retry({ countdown: 0, options: { queue: 'slow', priority: 3, headers: { own: 'yes' } } });
      return [x, y, deliveryInfo?.routingKey, deliveryInfo?.priority, ctx.request.headers];
    });
    await scene.start({ queues: ['celery', 'slow'] });
    const { id } = await scene.app.sendTask('task', [1], { y: 2 });
    expect(task.taskName).toBe('task');
    expect(await scene.app.asyncResult(id).get({ timeout: 10 })).toEqual([10, 2, 'slow', 3, { own: 'yes' }]);
  });

  test('stores RETRY with the error and its stack, acknowledges, and waits until the next attempt is due [TR-136, TR-142, TR-296]', async () => {
    await using scene = new WorkerScene();
    const task = scene.app.task('task', { bind: true, maxRetries: 1 }, (ctx) =>
      ctx.request.retries === 0 ? ctx.retry({ countdown: '30s', error: new RangeError('busy') }) : 'done',
    );
    const worker = await scene.start();
    const result = await task.delay();
    await scene.line(/retry: Retry in 30s: RangeError\('busy'\)/);
    await scene.line(/received {2}ETA/);
    expect(await result.record()).toMatchObject({
      status: 'RETRY',
      result: { excMessage: ['busy'] },
      traceback: expect.stringContaining('RangeError: busy'),
    });
    await scene.clock.advance(29_000);
    expect(await result.state()).toBe('RETRY');
    await scene.clock.advance(1_000);
    expect(await result.get({ timeout: 10 })).toBe('done');
    await worker.stop();
    expect(await scene.waiting()).toBe(0);
  });

  test('with throw: false gives what is to be thrown, and has no effect until then [TR-134]', async () => {
    await using scene = new WorkerScene();
    const steps: string[] = [];
    const tidy = scene.app.task('tidy', { bind: true }, (ctx) => {
      if (ctx.request.retries > 0) return 'done';
      const retry = ctx.retry({ countdown: 0, throw: false });
      steps.push(TaskDirective.isInstance(retry) ? retry.directive : 'nothing');
      throw retry;
    });
    const kept = scene.app.task('kept', { bind: true }, (ctx) => {
      ctx.retry({ countdown: 0, throw: false });
      return ctx.request.retries;
    });
    await scene.start();
    expect(await (await tidy.delay()).get({ timeout: 10 })).toBe('done');
    expect(await (await kept.delay()).get({ timeout: 10 })).toBe(0);
    expect(steps).toEqual(['retry']);
    expect(await scene.waiting()).toBe(0);
  });

  test('with throw: false throws all the same when the attempts are used up [TR-137]', async () => {
    await using scene = new WorkerScene();
    const task = scene.app.task('task', { bind: true }, (ctx) => {
      throw ctx.retry({ throw: false, maxRetries: 0 });
    });
    await scene.start();
    await expect((await task.delay()).get({ timeout: 10 })).rejects.toThrow(MaxRetriesExceededError);
  });

  test('maxRetries: a number for this retry, null for ever, 0 for none [TR-036, TR-138]', async () => {
    await using scene = new WorkerScene();
    const run = (maxRetries: number | null, until: number) => {
      const name = `task-${maxRetries}`;
      return scene.app.task(name, { bind: true, maxRetries: 1 }, (ctx) =>
        ctx.request.retries < until ? ctx.retry({ countdown: 0, maxRetries, error: new Error('given up') }) : until,
      );
    };
    const tasks = [run(0, 1), run(2, 3), run(null, 20)];
    await scene.start();
    const results = await Promise.all(tasks.map((task) => task.delay()));
    await expect(results[0]?.get({ timeout: 10 })).rejects.toThrow('given up');
    await expect(results[1]?.get({ timeout: 10 })).rejects.toThrow('given up');
    expect(await results[2]?.get({ timeout: 10 })).toBe(20);
  });

  test('is there for helpers by currentTask()', async () => {
    await using scene = new WorkerScene();
    const helper = async (): Promise<string> => {
      await Promise.resolve();
      const task = currentTask();
      if (task?.request.retries === 0) task.retry({ countdown: 0 });
      return 'helped';
    };
    const task = scene.app.task('task', async () => await helper());
    await scene.start();
    expect(await (await task.delay()).get({ timeout: 10 })).toBe('helped');
  });

  test('outside of a task there is none: a function that is called in place throws its error [TR-135]', async () => {
    await using scene = new WorkerScene();
    const task = scene.app.task('task', { bind: true }, (ctx): string => ctx.retry({ error: new Error('in place') }));
    expect(() => task()).toThrow('in place');
    expect(currentTask()).toBeUndefined();
  });
});

describe('Automatic retries', () => {
  test('take retryKwargs: the countdown, the limit, the queue [TR-062]', async () => {
    await using scene = new WorkerScene();
    const options = {
      autoretryFor: [RangeError],
      maxRetries: 0,
      retryKwargs: { maxRetries: 2, countdown: 5, options: { queue: 'slow' } },
    };
    const seen: unknown[] = [];
    const task = scene.app.task('task', { ...options, bind: true }, (ctx) => {
      seen.push([ctx.request.retries, ctx.request.deliveryInfo?.routingKey]);
      throw new RangeError('no');
    });
    await scene.start({ queues: ['celery', 'slow'] });
    const result = await task.delay();
    for (const attempt of [1, 2]) {
      await scene.line(/retry: Retry in 5s/);
      while (seen.length === attempt) await scene.clock.advance(5_000);
    }
    await expect(result.get({ timeout: 10 })).rejects.toThrow('no');
    expect(seen).toEqual([
      [0, 'celery'],
      [1, 'slow'],
      [2, 'slow'],
    ]);
  });
});
