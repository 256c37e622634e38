import { Ctq } from '@ctq/core';
import { silentLogger, VirtualClock } from '@ctq/runtime';
import { describe, expect, test } from 'vitest';
import { WorkerScene } from '../__fixtures__/worker-scene.js';
import { Worker } from '../worker.js';
import { Autoscaler } from './autoscaler.js';

function setup(min: number, max: number) {
  const clock = new VirtualClock();
  const state = { size: Math.max(min, 1), load: 0, sizes: [] as number[] };
  const scaler = new Autoscaler({
    ...{ min, max, clock, logger: silentLogger },
    size: () => state.size,
    load: () => state.load,
    async resize(size) {
      state.size = size;
      state.sizes.push(size);
    },
  });
  return { clock, state, scaler };
}

describe('Autoscaling', () => {
  test('grows at once to the load, and no further than the most [WK-079, WK-080]', async () => {
    const { clock, state, scaler } = setup(1, 4);
    for (const load of [1, 3, 9]) {
      state.load = load;
      scaler.adjust();
      await clock.advance(0);
    }
    expect(state.sizes).toEqual([3, 4]);
  });

  test('shrinks to the load, and no further than the least, thirty seconds after it has grown [WK-081, WK-082]', async () => {
    const { clock, state, scaler } = setup(2, 8);
    scaler.start();
    state.load = 8;
    scaler.adjust();
    state.load = 0;
    await clock.advance(29_000);
    scaler.adjust();
    expect(state.sizes).toEqual([8]);
    await clock.advance(31_000);
    expect(state.sizes).toEqual([8, 2]);
    scaler.stop();
    expect(clock.pendingTimers).toBe(0);
  });

  test('does not shrink what it has not grown [WK-081]', async () => {
    const { clock, state, scaler } = setup(1, 8);
    state.size = 5;
    scaler.start();
    await clock.advance(120_000);
    expect(state.sizes).toEqual([]);
    scaler.stop();
  });

  test('a worker runs more at a time when more comes in [WK-019, WK-020, WK-041]', async () => {
    await using scene = new WorkerScene();
    let running = 0;
    const wait = scene.app.task('wait', { bind: true }, async ({ log, signal }) => {
      running += 1;
      log.info(`${running} run`);
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    });
    const worker = await scene.start({ autoscale: { min: 1, max: 3 } });
    expect(worker.pool.size).toBe(1);
    for (let count = 0; count < 5; count += 1) await wait.delay();
    await scene.line(/^3 run$/);
    await scene.line(/^Scaling up/);
    expect([worker.pool.size, running]).toEqual([3, 3]);
    const end = worker.terminate();
    await scene.clock.advance(5_000);
    await end;
  });

  test('needs a pool that can be resized, and a size that it can have', async () => {
    await using app = new Ctq('sizes', { broker: 'memory://', backend: 'memory://' });
    const solo = new Worker(app, { pool: 'solo' });
    await expect(solo.resize(2)).rejects.toThrow('The pool solo always has the size 1.');
    const worker = new Worker(app, { concurrency: 2 });
    await expect(worker.resize(0)).rejects.toThrow('A pool runs at least one task at a time, not 0.');
    await worker.resize(5);
    expect(worker.pool.size).toBe(5);
  });
});
