import { TaskAbortedError } from '@ctq/core';
import { deferred } from '@ctq/runtime';
import { describe, expect, test } from 'vitest';
import { WorkerScene } from './__fixtures__/worker-scene.js';

/** Resolves when the signal is aborted. */
const aborted = (signal: AbortSignal) =>
  new Promise<unknown>((resolve) => {
    if (signal.aborted) resolve(signal.reason);
    signal.addEventListener('abort', () => resolve(signal.reason), { once: true });
  });

describe('A task that may be aborted', () => {
  test('is told by its signal, with the state ABORTED meanwhile, and ends as it likes [TR-202, TR-203, TR-204, TR-206]', async () => {
    await using scene = new WorkerScene();
    const started = deferred();
    const mayEnd = deferred();
    const task = scene.app.task('task', { bind: true, abortable: true }, async (ctx) => {
      started.resolve();
      const reason = await aborted(ctx.signal);
      await mayEnd.promise;
      return TaskAbortedError.isInstance(reason) ? 'tidied up' : 'something else';
    });
    await scene.start();
    const result = await task.delay();
    await started.promise;
    expect(await scene.app.abort(result)).toBe(true);
    expect(await result.state()).toBe('ABORTED');
    expect(await result.ready()).toBe(false);
    await scene.clock.advance(1_000);
    mayEnd.resolve();
    expect(await result.get({ timeout: 10 })).toBe('tidied up');
  });

  test('fails with the reason of its signal when it throws that', async () => {
    await using scene = new WorkerScene();
    const started = deferred();
    const task = scene.app.task('task', { bind: true, abortable: true }, async (ctx): Promise<void> => {
      started.resolve();
      throw await aborted(ctx.signal);
    });
    await scene.start();
    const result = await task.delay();
    await started.promise;
    await scene.app.abort(result.id);
    await scene.clock.advance(1_000);
    await expect(result.get({ timeout: 10 })).rejects.toThrow(`Task ${result.id} was aborted.`);
    expect(await scene.app.abort(result.id)).toBe(false);
    expect(await result.state()).toBe('FAILURE');
  });

  test('finds its signal aborted from the start when it waited in its queue, also where STARTED is stored [TR-206]', async () => {
    await using scene = new WorkerScene();
    const options = { bind: true, abortable: true, trackStarted: true } as const;
    const gate = deferred();
    const task = scene.app.task('task', options, async (ctx) => {
      const wasAborted = ctx.signal.aborted;
      await gate.promise;
      return wasAborted;
    });
    const result = await task.delay();
    expect(await result.abort()).toBe(true);
    await scene.start();
    await scene.line(/accepted: task/);
    await scene.clock.advance(5_000);
    expect(await result.state()).toBe('ABORTED');
    gate.resolve();
    expect(await result.get({ timeout: 10 })).toBe(true);
  });

  test('looks again while it runs, and another one is not told [TR-205]', async () => {
    await using scene = new WorkerScene();
    const gate = deferred();
    const define = (name: string, abortable: boolean) =>
      scene.app.task(name, { bind: true, abortable }, async (ctx) => {
        await gate.promise;
        return ctx.signal.aborted;
      });
    const [may, mayNot] = [define('may', true), define('mayNot', false)];
    await scene.start();
    const results = [await may.delay(), await mayNot.delay(), await may.delay()];
    await scene.line(/accepted: may\[/);
    await scene.line(/accepted: mayNot/);
    await scene.clock.advance(10_000);
    for (const result of results.slice(0, 2)) await scene.app.abort(result);
    await scene.clock.advance(1_000);
    gate.resolve();
    expect(await Promise.all(results.map((result) => result.get({ timeout: 10 })))).toEqual([true, false, false]);
  });
});
