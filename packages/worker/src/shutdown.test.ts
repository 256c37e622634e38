import { type Deferred, deferred } from '@ctq/runtime';
import { describe, expect, test } from 'vitest';
import { WorkerScene } from './__fixtures__/worker-scene.js';
import { WorkerShutdownError } from './shutdown.js';

/** A task per name that ends when its door is opened, and the order in which they began. */
function gates(scene: WorkerScene) {
  const begun: string[] = [];
  const doors = new Map<string, Deferred<void>>();
  const door = (name: string): Deferred<void> => {
    const found = doors.get(name) ?? deferred();
    doors.set(name, found);
    return found;
  };
  const gate = scene.app.task('gate', async (name: string) => {
    begun.push(name);
    await door(name).promise;
    return name;
  });
  return { begun, gate, open: (name: string) => door(name).resolve() };
}

describe('A warm shutdown', () => {
  test('waits for what runs, and stores and acknowledges it [WK-086]', async () => {
    await using scene = new WorkerScene();
    const { gate, open, begun } = gates(scene);
    const worker = await scene.start();
    const result = await gate.delay('a');
    await scene.line(/accepted/);
    let isOver = false;
    const stop = worker.stop().then(() => {
      isOver = true;
    });
    await scene.clock.advance(600_000);
    expect(isOver).toBe(false);
    open('a');
    await stop;
    await worker.finished;
    expect(await result.state()).toBe('SUCCESS');
    expect(await scene.waiting()).toBe(0);
    expect(begun).toEqual(['a']);
  });

  test('gives back what was not started, in its order and as if it had not been delivered', async () => {
    await using scene = new WorkerScene();
    const { gate, open, begun } = gates(scene);
    const worker = await scene.start({ concurrency: 1, prefetchMultiplier: 0 });
    for (const name of ['a', 'b', 'c', 'd']) await gate.delay(name);
    await scene.line(/accepted/);
    await scene.clock.advance(0);
    const stop = worker.stop();
    await scene.clock.advance(0);
    // While the first still runs.
    expect(await scene.waiting()).toBe(3);
    open('a');
    await stop;
    for (const name of ['b', 'c', 'd']) open(name);
    const second = await scene.start({ concurrency: 1 });
    await scene.line(/d'$/);
    expect(begun).toEqual(['a', 'b', 'c', 'd']);
    await second.stop();
  });

  test('gives back what is not done by its deadline, aborts its signal, and drops its late outcome', async () => {
    await using scene = new WorkerScene();
    const door = deferred();
    const reasons: unknown[] = [];
    const redelivered: (boolean | undefined)[] = [];
    const task = scene.app.task('slow', { bind: true }, async (ctx) => {
      redelivered.push(ctx.request.deliveryInfo?.redelivered);
      ctx.signal.addEventListener('abort', () => reasons.push(ctx.signal.reason));
      await door.promise;
      return 'late';
    });
    const worker = await scene.start();
    const result = await task.delay();
    await scene.line(/accepted/);
    const stop = worker.stop(scene.after(10_000));
    await scene.clock.advance(10_000);
    await stop;
    expect(WorkerShutdownError.isInstance(reasons[0])).toBe(true);
    expect(await scene.waiting()).toBe(1);
    door.resolve();
    await scene.line(/its outcome \(success\) is dropped/);
    expect(await result.state()).toBe('PENDING');
    await scene.start();
    expect(await result.get({ timeout: 10 })).toBe('late');
    expect(redelivered).toEqual([false, false]);
  });

  test('is not held by a task that never settles', async () => {
    await using scene = new WorkerScene();
    const task = scene.app.task('never', () => new Promise<void>(() => undefined));
    const worker = await scene.start();
    await task.delay();
    await scene.line(/accepted/);
    const stop = worker.stop(scene.after(1_000));
    await scene.clock.advance(1_000);
    await stop;
    expect(await scene.waiting()).toBe(1);
  });

  test('is cut short by a second stop with an earlier deadline', async () => {
    await using scene = new WorkerScene();
    const task = scene.app.task('never', () => new Promise<void>(() => undefined));
    const worker = await scene.start();
    await task.delay();
    await scene.line(/accepted/);
    const patient = worker.stop();
    const hasty = worker.stop(scene.after(1_000));
    await scene.clock.advance(1_000);
    await hasty;
    await patient;
    expect(await scene.waiting()).toBe(1);
  });
});

describe('A cold shutdown', () => {
  test('aborts what runs; a task that fails for it goes back and has not failed [WK-088, WK-096, TR-226]', async () => {
    await using scene = new WorkerScene();
    let runs = 0;
    const task = scene.app.task('obedient', { bind: true }, async (ctx) => {
      runs += 1;
      if (runs === 2) return 'second time';
      await new Promise((_, reject) => ctx.signal.addEventListener('abort', () => reject(ctx.signal.reason as Error)));
      return 'never';
    });
    const worker = await scene.start();
    const result = await task.delay();
    await scene.line(/accepted/);
    await worker.terminate();
    expect(await result.state()).toBe('PENDING');
    expect(await scene.waiting()).toBe(1);
    await scene.start();
    expect(await result.get({ timeout: 10 })).toBe('second time');
  });

  test('keeps the outcome of a task that ends in the moment that is left [WK-096]', async () => {
    await using scene = new WorkerScene();
    const task = scene.app.task('tidy', { bind: true }, async (ctx) => {
      await new Promise<void>((resolve) => ctx.signal.addEventListener('abort', () => resolve()));
      return 'tidied up';
    });
    const worker = await scene.start();
    const result = await task.delay();
    await scene.line(/accepted/);
    await worker.terminate();
    expect(await result.get({ timeout: 10 })).toBe('tidied up');
    expect(await scene.waiting()).toBe(0);
  });

  test('takes a few seconds at most, whatever the tasks do', async () => {
    await using scene = new WorkerScene();
    const task = scene.app.task('deaf', () => new Promise<void>(() => undefined));
    const worker = await scene.start();
    await task.delay();
    await scene.line(/accepted/);
    const end = worker.terminate();
    await scene.clock.advance(5_000);
    await end;
    expect(await scene.waiting()).toBe(1);
  });
});
