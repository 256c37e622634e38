import { type Deferred, deferred } from '@ctq/runtime';
import { describe, expect, test } from 'vitest';
import { WorkerScene } from './__fixtures__/worker-scene.js';
import { statusText } from './report/worker-status.js';
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

describe('A soft shutdown', () => {
  const soft = { workerSoftShutdownTimeout: 30 };

  test('lets what runs end before a cold shutdown would abort it, and is over when it has [ST-186, WK-091]', async () => {
    await using scene = new WorkerScene(soft);
    const { gate, open } = gates(scene);
    const worker = await scene.start({ concurrency: 1, prefetchMultiplier: 0 });
    const result = await gate.delay('a');
    await gate.delay('b');
    await scene.line(/accepted/);
    let isOver = false;
    const end = worker.terminate().then(() => {
      isOver = true;
    });
    const { level } = await scene.line(/^Initiating Soft Shutdown, terminating in 30 seconds$/);
    expect(level).toBe('warn');
    expect(worker.phase).toBe('soft');
    await scene.clock.advance(20_000);
    expect(isOver).toBe(false);
    open('a');
    await end;
    expect(await result.state()).toBe('SUCCESS');
    // What had not begun went back.
    expect(await scene.waiting()).toBe(1);
    expect(worker.phase).toBe('stopped');
  });

  test('aborts what is not done when its time is over, and gives it back [ST-186, WK-091]', async () => {
    await using scene = new WorkerScene(soft);
    const aborted: number[] = [];
    const task = scene.app.task('slow', { bind: true }, async (ctx) => {
      ctx.signal.addEventListener('abort', () => aborted.push(scene.clock.monotonic()));
      await new Promise(() => undefined);
    });
    const worker = await scene.start();
    await task.delay();
    await scene.line(/accepted/);
    const begun = scene.clock.monotonic();
    const end = worker.terminate();
    await scene.clock.advance(29_999);
    expect(aborted).toEqual([]);
    await scene.clock.advance(1);
    expect(aborted).toEqual([begun + 30_000]);
    expect(worker.phase).toBe('cold');
    await scene.clock.advance(5_000);
    await end;
    expect(await scene.waiting()).toBe(1);
  });

  test('is cut short by a second call', async () => {
    await using scene = new WorkerScene(soft);
    const { gate } = gates(scene);
    const worker = await scene.start();
    await gate.delay('a');
    await scene.line(/accepted/);
    const first = worker.terminate();
    const second = worker.terminate();
    await scene.clock.advance(5_000);
    await Promise.all([first, second]);
    expect(await scene.waiting()).toBe(1);
  });

  test('follows a warm one, and takes the time that the call gives it', async () => {
    await using scene = new WorkerScene();
    const { gate, open } = gates(scene);
    const worker = await scene.start();
    const result = await gate.delay('a');
    await scene.line(/accepted/);
    const warm = worker.stop();
    const end = worker.terminate({ softTimeout: '1m' });
    await scene.line(/terminating in 60 seconds/);
    await scene.clock.advance(50_000);
    open('a');
    await Promise.all([warm, end]);
    expect(await result.state()).toBe('SUCCESS');
  });

  test.each([
    [false, 0],
    [true, 30_000],
  ])('when nothing runs: workerEnableSoftShutdownOnIdle %s [ST-187, WK-091]', async (onIdle, takesMs) => {
    await using scene = new WorkerScene({ ...soft, workerEnableSoftShutdownOnIdle: onIdle });
    const worker = await scene.start();
    const begun = scene.clock.monotonic();
    let endedAt: number | undefined;
    const end = worker.terminate().then(() => {
      endedAt = scene.clock.monotonic();
    });
    await scene.clock.advance(30_000);
    await end;
    expect((endedAt ?? Number.NaN) - begun).toBe(takesMs);
    expect(scene.lines.some(({ message }) => message.startsWith('Initiating Soft Shutdown'))).toBe(onIdle);
  });

  test('is not for a worker that has not started', async () => {
    await using scene = new WorkerScene({ ...soft, workerEnableSoftShutdownOnIdle: true });
    const worker = scene.worker();
    await worker.terminate();
    await expect(worker.start()).rejects.toThrow();
  });
});

describe('A task that misbehaves at a shutdown', () => {
  test('by throwing something else when it is aborted, is run again [WK-096]', async () => {
    await using scene = new WorkerScene();
    let runs = 0;
    const task = scene.app.task('angry', { bind: true }, async (ctx) => {
      runs += 1;
      if (runs === 2) return 'calm';
      await new Promise<void>((resolve) => ctx.signal.addEventListener('abort', () => resolve()));
      throw new TypeError('How dare you.');
    });
    const worker = await scene.start();
    const result = await task.delay();
    await scene.line(/accepted/);
    await worker.terminate();
    expect(await result.state()).toBe('PENDING');
    await scene.start();
    expect(await result.get({ timeout: 10 })).toBe('calm');
  });

  test('by a listener of its signal that throws, does not keep the others from being given back', async () => {
    await using scene = new WorkerScene();
    const thrown: unknown[] = [];
    const onUncaught = (error: unknown): void => void thrown.push(error);
    const before = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    process.on('uncaughtException', onUncaught);
    try {
      const task = scene.app.task('task', { bind: true }, async (ctx, n: number) => {
        ctx.signal.addEventListener('abort', () => {
          throw new Error(`listener ${n}`);
        });
        await new Promise(() => undefined);
      });
      const worker = await scene.start();
      for (const n of [1, 2, 3]) await task.delay(n);
      await scene.clock.advance(0);
      const end = worker.terminate();
      await scene.clock.advance(5_000);
      await end;
      expect(await scene.waiting()).toBe(3);
      expect(thrown.map(String).sort()).toEqual(['Error: listener 1', 'Error: listener 2', 'Error: listener 3']);
    } finally {
      process.off('uncaughtException', onUncaught);
      for (const listener of before) process.on('uncaughtException', listener);
    }
  });

  test('by a hook that throws, or never ends, does not keep the worker from its end', async () => {
    await using scene = new WorkerScene();
    const door = deferred();
    const run = (name: string, afterReturn: () => void | Promise<void>) =>
      scene.app.task(name, { afterReturn }, async () => {
        await door.promise;
        return name;
      });
    const throwing = run('throwing', () => {
      throw new Error('in a hook');
    });
    const hanging = run('hanging', () => new Promise<void>(() => undefined));
    const worker = await scene.start();
    const results = [await throwing.delay(), await hanging.delay()];
    await scene.line(/accepted: hanging/);
    const stop = worker.stop(scene.after(10_000));
    door.resolve();
    await scene.clock.advance(10_000);
    await stop;
    expect(await Promise.all(results.map((result) => result.state()))).toEqual(['SUCCESS', 'SUCCESS']);
  });
});

describe('What a worker does', () => {
  test('is told by its status, in every phase of its life [WK-094]', async () => {
    await using scene = new WorkerScene();
    const { gate, open } = gates(scene);
    const worker = scene.worker({ concurrency: 1, prefetchMultiplier: 0 });
    expect(worker.status()).toMatchObject({ phase: 'created', connection: 'idle', isConsuming: false });
    const starting = worker.start();
    expect(worker.phase).toBe('starting');
    await starting;
    const result = await gate.delay('a');
    await gate.delay('b');
    await scene.line(/accepted/);
    await scene.clock.advance(0);
    expect(worker.status()).toEqual({
      hostname: 'w1@host',
      phase: 'running',
      connection: 'connected',
      isConsuming: true,
      pool: 'async',
      concurrency: 1,
      queues: ['celery'],
      running: [{ id: result.id, name: 'gate', startedAt: scene.clock.now(), redelivered: false }],
      waiting: 1,
      held: 0,
    });
    await scene.clock.advance(90_000);
    expect(statusText(worker.status(), scene.clock.now())).toContain(
      `gate[${result.id}] for 90s, since 2030-01-01T00:00`,
    );
    const stop = worker.stop();
    expect(worker.status()).toMatchObject({ phase: 'warm', isConsuming: false });
    open('a');
    await stop;
    expect(worker.status()).toMatchObject({ phase: 'stopped', connection: 'closed', running: [], waiting: 0 });
  });
});
