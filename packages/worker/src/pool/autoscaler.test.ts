import { Ctq } from '@ctq/core';
import { createLogger, ServiceStoppedError, silentLogger, VirtualClock } from '@ctq/runtime';
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

/** Of a pool with one slot that cannot be given a second one. */
function failing(error: () => Error) {
  const clock = new VirtualClock();
  const [asked, errors]: [number[], string[]] = [[], []];
  const logger = createLogger(({ level, message }) => level === 'error' && errors.push(message));
  const scaler = new Autoscaler({
    ...{ min: 1, max: 4, clock, logger },
    size: () => 1,
    load: () => 2,
    async resize(size) {
      asked.push(size);
      throw error();
    },
  });
  return { clock, asked, errors, scaler };
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

  test('says that slots cannot be added, and asks for them again after half a minute', async () => {
    const { clock, asked, errors, scaler } = failing(() => new Error('no memory'));
    for (let task = 0; task < 3; task += 1) {
      scaler.adjust();
      await clock.advance(0);
    }
    expect([asked, errors]).toEqual([[2], ["Couldn't change the size of the pool to 2"]]);
    await clock.advance(30_000);
    scaler.adjust();
    await clock.advance(0);
    expect(asked).toEqual([2, 2]);
  });

  test('has nothing to say when the worker leaves while slots are added, and adds none then', async () => {
    const { clock, asked, errors, scaler } = failing(() => new ServiceStoppedError('pool'));
    scaler.adjust();
    scaler.stop();
    await clock.advance(0);
    scaler.adjust();
    expect([asked, errors]).toEqual([[2], []]);
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
