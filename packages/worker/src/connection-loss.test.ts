import { deferred } from '@ctq/runtime';
import { describe, expect, test } from 'vitest';
import { losable } from './__fixtures__/losable.js';
import { WorkerScene } from './__fixtures__/worker-scene.js';
import { ConnectionLostError } from './shutdown.js';

describe('When the connection is lost while tasks run', () => {
  test('workerCancelLongRunningTasksOnConnectionLoss aborts them, tells callers RETRY, and they are run again [ST-185, TR-227, WK-059]', async () => {
    const { transport, lose } = losable();
    await using scene = new WorkerScene({ broker: transport, workerCancelLongRunningTasksOnConnectionLoss: true });
    const reasons: unknown[] = [];
    const door = deferred();
    const task = scene.app.task('long', { bind: true }, async (ctx) => {
      if (reasons.length > 0) {
        await door.promise;
        return 'second time';
      }
      await new Promise<void>((resolve) => ctx.signal.addEventListener('abort', () => resolve()));
      reasons.push(ctx.signal.reason);
      return 'stale';
    });
    await scene.start();
    const result = await task.delay();
    await scene.line(/accepted/);
    lose();
    await scene.line(/^Task long\[.*\] is cancelled: the connection to the broker was lost/);
    await scene.line(/its outcome \(success\) is dropped/);
    expect(ConnectionLostError.isInstance(reasons[0])).toBe(true);
    await scene.clock.advance(0);
    expect(await result.state()).toBe('RETRY');
    await scene.clock.advance(60_000);
    door.resolve();
    expect(await result.get({ timeout: 10 })).toBe('second time');
  });

  test('those that were acknowledged early go on [ST-185, TR-227, WK-059]', async () => {
    const { transport, lose } = losable();
    await using scene = new WorkerScene({ broker: transport, workerCancelLongRunningTasksOnConnectionLoss: true });
    const door = deferred();
    let wasAborted = false;
    const task = scene.app.task('early', { bind: true, acksLate: false }, async (ctx) => {
      ctx.signal.addEventListener('abort', () => {
        wasAborted = true;
      });
      await door.promise;
      return 'done';
    });
    await scene.start();
    const result = await task.delay();
    await scene.line(/accepted/);
    lose();
    await scene.line(/Lost the connection/);
    await scene.clock.advance(60_000);
    door.resolve();
    expect(await result.get({ timeout: 10 })).toBe('done');
    expect(wasAborted).toBe(false);
  });

  test.each([
    [true, 1],
    [false, 2],
  ])(
    'workerEnablePrefetchCountReduction %s: beside the two that still run it holds %i more until they are done [ST-206, WK-060]',
    async (workerEnablePrefetchCountReduction, held) => {
      const { transport, lose } = losable();
      await using scene = new WorkerScene({ broker: transport, workerEnablePrefetchCountReduction });
      const door = deferred();
      const task = scene.app.task('long', () => door.promise);
      await scene.start({ concurrency: 2, prefetchMultiplier: 1 });
      for (let count = 0; count < 5; count += 1) await task.delay();
      await scene.clock.advance(0);
      expect(await scene.waiting()).toBe(3);
      lose();
      await scene.line(/Lost the connection/);
      await scene.clock.advance(60_000);
      // The two that run were given back by the broker.
      expect(await scene.waiting()).toBe(5 - held);
      door.resolve();
      await scene.clock.advance(60_000);
      expect(await scene.waiting()).toBe(0);
      const said = scene.lines.map(({ message }) => message);
      const reduction =
        'Temporarily reducing the prefetch count to 1 to avoid over-fetching since 2 tasks are currently being processed.\n' +
        'The prefetch count will be gradually restored to 2 as the tasks complete processing.';
      expect(said.includes(reduction)).toBe(workerEnablePrefetchCountReduction);
      expect(said.includes('Resuming normal operations following a restart.')).toBe(workerEnablePrefetchCountReduction);
    },
  );

  test('what had not begun is forgotten here, and comes again [WK-058]', async () => {
    const { transport, lose } = losable();
    await using scene = new WorkerScene({ broker: transport });
    const door = deferred();
    const begun: number[] = [];
    const task = scene.app.task('long', async (n: number) => {
      begun.push(n);
      if (n === 0) await door.promise;
    });
    const worker = await scene.start({ concurrency: 1, prefetchMultiplier: 0 });
    for (const n of [0, 1, 2]) await task.delay(n);
    await scene.clock.advance(0);
    expect(worker.status().waiting).toBe(2);
    lose();
    await scene.line(/Lost the connection/);
    await scene.clock.advance(0);
    expect(worker.status().waiting).toBe(0);
    await scene.clock.advance(60_000);
    door.resolve();
    await scene.clock.advance(60_000);
    expect(begun.filter((n) => n > 0).toSorted((a, b) => a - b)).toEqual([1, 2]);
    const dropped = scene.lines.filter(({ message }) => message.includes('belongs to another worker'));
    expect(dropped).toHaveLength(1);
  });
});
