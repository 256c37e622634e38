import { type AppOptions, Ctq, type LimitOptions } from '@ctq/core';
import { memoryStore } from '@ctq/core/backend';
import { memoryTransport } from '@ctq/messaging';
import { type Deferred, deferred } from '@ctq/runtime';
import { describe, expect, test } from 'vitest';
import { ObservedScene } from '../__fixtures__/observed-scene.js';
import { WorkerScene } from '../__fixtures__/worker-scene.js';

const second = 1_000;
const minute = 60 * second;

/** A task that runs until it is told to end, and how many of it run. */
function setup(limit: LimitOptions<[key: string, given: number]>, options: AppOptions = {}) {
  const scene = new WorkerScene(options);
  const from = scene.clock.now();
  const running: { readonly key: string; readonly given: number; readonly end: Deferred<void> }[] = [];
  const begun: [given: number, at: number][] = [];
  let most = 0;
  const begin = (key: string, given: number) => {
    const run = { key, given, end: deferred() };
    begun.push([given, scene.clock.now() - from]);
    running.push(run);
    most = Math.max(most, running.length);
    return run;
  };
  return Object.assign(scene, {
    slow: scene.app.task('slow', { limit }, async (key: string, given: number) => {
      const run = begin(key, given);
      await run.end.promise;
    }),
    quick: scene.app.task('quick', { limit }, (key: string, given: number) => {
      begin(key, given);
      running.pop();
    }),
    free: scene.app.task('free', {}, (given: number) => given),
    running,
    begun,
    times: () => begun.map(([, at]) => at),
    order: () => begun.map(([given]) => given),
    most: () => most,
    /** Lets the oldest one end. */
    async end(count = 1) {
      for (const run of running.splice(0, count)) run.end.resolve();
      await scene.clock.advance(second);
    },
    async keys(): Promise<readonly string[]> {
      return (await (await scene.app.store()).list?.('ctq.coordination.')) ?? [];
    },
  });
}

describe('a limit on how many run at the same time', () => {
  test('holds over all workers, and each that ends lets one in', async () => {
    await using scene = setup({ concurrency: 3 });
    await scene.start({ concurrency: 5 });
    await scene.start({ concurrency: 5, hostname: 'w2@host' });
    for (let given = 0; given < 12; given += 1) await scene.slow.delay('a', given);
    await scene.clock.advance(second);
    expect(scene.running).toHaveLength(3);
    for (let ended = 0; ended < 12; ended += 1) {
      await scene.end();
      expect(scene.running).toHaveLength(Math.min(3, 11 - ended));
    }
    expect(scene.most()).toBe(3);
    expect(scene.begun).toHaveLength(12);
  });

  test('is of each key, where there is one', async () => {
    await using scene = setup({ concurrency: 1, key: (key) => key });
    await scene.start();
    for (const key of ['a', 'a', 'b', 'c', 'b']) await scene.slow.delay(key, 0);
    await scene.clock.advance(second);
    expect(scene.running.map(({ key }) => key).sort()).toEqual(['a', 'b', 'c']);
    await scene.end(3);
    expect(scene.running.map(({ key }) => key).sort()).toEqual(['a', 'b']);
    await scene.end(2);
  });

  test('lets calls in one worker start in the order they came', async () => {
    await using scene = setup({ concurrency: 2 });
    await scene.start();
    for (let given = 0; given < 8; given += 1) await scene.slow.delay('a', given);
    await scene.clock.advance(second);
    for (let ended = 0; ended < 4; ended += 1) await scene.end(2);
    expect(scene.order()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  test.each([
    ['with', true],
    ['without', false],
  ])('stands in the way of no other task, however many wait in front (%s parking)', async (_, delay) => {
    const inner = memoryTransport();
    await using scene = setup({ concurrency: 1 }, { broker: { ...inner, supports: { ...inner.supports, delay } } });
    for (let given = 0; given < 300; given += 1) await scene.slow.delay('a', given);
    const behind = await scene.free.delay(7);
    await scene.start({ concurrency: 2, prefetchMultiplier: 1 });
    const got = behind.get();
    await scene.clock.advance(second);
    expect(await got).toBe(7);
    expect(scene.running).toHaveLength(1);
    await scene.end(1);
  });

  test('keeps its permits as long as a task runs, however long that is', async () => {
    await using scene = setup({ concurrency: 1 });
    await scene.start({ limitLease: '10s' });
    await scene.start({ limitLease: '10s', hostname: 'w2@host' });
    await scene.slow.delay('a', 0);
    await scene.clock.advance(0);
    await scene.slow.delay('a', 1);
    await scene.clock.advance(10 * minute);
    expect(scene.order()).toEqual([0]);
    await scene.end();
    expect(scene.order()).toEqual([0, 1]);
    await scene.end();
  });

  test('goes on to the next one when one that was called had to go back for want of a slot', async () => {
    await using scene = setup({ concurrency: 1 });
    const ends = [deferred(), deferred()];
    const long = scene.app.task('long', {}, (place: number) => ends[place]?.promise);
    await scene.start({ concurrency: 2 });
    for (const given of [0, 1, 2]) await scene.slow.delay('a', given);
    await scene.clock.advance(second);
    const longs = [await long.delay(0), await long.delay(1)];
    await scene.clock.advance(0);
    // Both slots have long tasks when it is the turn of the next one.
    await scene.end();
    await scene.clock.advance(second);
    for (const end of ends) end.resolve();
    for (const one of longs) await one.get();
    await scene.clock.advance(second);
    await scene.end();
    await scene.clock.advance(second);
    await scene.end();
    expect(scene.order()).toEqual([0, 1, 2]);
  });

  test('goes on to the next one when one expired while it waited', async () => {
    await using scene = setup({ concurrency: 1 });
    await scene.start();
    await scene.slow.delay('a', 0);
    await scene.clock.advance(0);
    await scene.slow.applyAsync(['a', 1], { expires: 10 });
    await scene.slow.delay('a', 2);
    await scene.clock.advance(minute);
    await scene.end();
    expect(scene.order()).toEqual([0, 2]);
    await scene.end();
    expect(await scene.keys()).toEqual([]);
  });

  test('lets go of its entries when nothing runs', async () => {
    await using scene = setup({ concurrency: 2, key: (key) => key });
    await scene.start();
    for (const key of ['a', 'b', 'c']) await scene.quick.delay(key, 0);
    await scene.clock.advance(2 * second);
    expect(scene.begun).toHaveLength(3);
    expect(await scene.keys()).toEqual([]);
  });

  test('costs nothing while a key with plenty of room is used all the time', async () => {
    const store = memoryStore();
    const steps: string[] = [];
    const set = store.compareAndSet?.bind(store);
    store.compareAndSet = (...given) => {
      steps.push(given[0]);
      return set?.(...given) ?? Promise.resolve(undefined);
    };
    await using scene = setup({ concurrency: 10 }, { store });
    await scene.start();
    for (let given = 0; given < 20; given += 1) {
      await scene.quick.delay('a', given);
      await scene.clock.advance(100);
    }
    expect(scene.begun).toHaveLength(20);
    expect(steps).toHaveLength(1);
  });

  test('is let go of by a worker that stops, and what waited is taken by others', async () => {
    await using scene = setup({ concurrency: 1 });
    const worker = await scene.start();
    await scene.slow.delay('a', 0);
    await scene.clock.advance(0);
    await scene.slow.delay('a', 1);
    await scene.clock.advance(second);
    const stopped = worker.stop();
    await scene.clock.advance(0);
    expect(await scene.waiting()).toBe(1);
    await scene.end();
    await stopped;
    expect(await scene.keys()).toEqual([]);
    await scene.start({ hostname: 'w2@host' });
    await scene.clock.advance(0);
    expect(scene.order()).toEqual([0, 1]);
    await scene.end();
  });

  test('is free again when what ran was given back', async () => {
    await using scene = setup({ concurrency: 1 });
    const worker = await scene.start();
    await scene.slow.delay('a', 0);
    await scene.clock.advance(0);
    const stopped = worker.stop(scene.after(second));
    await scene.clock.advance(2 * second);
    await stopped;
    expect(await scene.keys()).toEqual([]);
    await scene.end();
  });
});

describe('a limit on how often calls start', () => {
  test('spaces them over all workers, each once, and in the order of their turns', async () => {
    await using scene = setup({ rate: '60/m' });
    await scene.start({ concurrency: 5 });
    await scene.start({ concurrency: 5, hostname: 'w2@host' });
    for (let given = 0; given < 20; given += 1) await scene.quick.delay('a', given);
    await scene.clock.advance(30 * second);
    expect(scene.times()).toEqual(Array.from({ length: 20 }, (_, run) => run * second));
    expect(scene.order().toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, given) => given));
  });

  test('lets a burst start at once', async () => {
    await using scene = setup({ rate: '60/m', burst: 3 });
    await scene.start();
    for (let given = 0; given < 5; given += 1) await scene.quick.delay('a', given);
    await scene.clock.advance(2 * second);
    expect(scene.times()).toEqual([0, 0, 0, second, 2 * second]);
  });

  test('is of each key', async () => {
    await using scene = setup({ rate: '1/m', key: (key) => key });
    await scene.start();
    for (const key of ['a', 'b', 'a']) await scene.quick.delay(key, 0);
    await scene.clock.advance(minute);
    expect(scene.times()).toEqual([0, 0, minute]);
  });

  test('does not let those who come later in front of those who wait', async () => {
    await using scene = setup({ rate: '6/m' });
    await scene.start();
    for (let given = 0; given < 4; given += 1) await scene.quick.delay('a', given);
    for (let given = 4; given < 8; given += 1) {
      await scene.clock.advance(9 * second);
      await scene.quick.delay('a', given);
    }
    await scene.clock.advance(2 * minute);
    expect(scene.order()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(scene.times()).toEqual(Array.from({ length: 8 }, (_, run) => run * 10 * second));
  });

  test('waits in the broker when it is not soon', async () => {
    await using scene = setup({ rate: '1/h' });
    await scene.start();
    for (let given = 0; given < 3; given += 1) await scene.quick.delay('a', given);
    await scene.clock.advance(second);
    expect(await scene.waiting()).toBe(2);
    await scene.clock.advance(120 * minute);
    expect(scene.times()).toEqual([0, 60 * minute, 120 * minute]);
  });

  test('goes together with one on how many run', async () => {
    await using scene = setup({ rate: '60/m', concurrency: 2 });
    await scene.start();
    for (let given = 0; given < 4; given += 1) await scene.slow.delay('a', given);
    await scene.clock.advance(10 * second);
    expect(scene.times()).toEqual([0, second]);
    await scene.end(2);
    await scene.clock.advance(2 * second);
    expect(scene.order()).toEqual([0, 1, 2, 3]);
    await scene.end(2);
  });

  test('counts a retry as a start of its own', async () => {
    await using scene = new WorkerScene();
    const from = scene.clock.now();
    const times: number[] = [];
    const flaky = scene.app.task('flaky', { bind: true, limit: { rate: '6/m' } }, (ctx) => {
      times.push(scene.clock.now() - from);
      return times.length < 3 ? ctx.retry({ countdown: 0 }) : undefined;
    });
    await scene.start();
    await flaky.delay();
    await scene.clock.advance(minute);
    expect(times).toEqual([0, 10 * second, 20 * second]);
  });
});

describe('limits over all workers', () => {
  test('cost tasks without them nothing: the store is not asked', async () => {
    await using other = new ObservedScene();
    const plain = other.app.task('plain', {}, () => 1);
    await other.start();
    other.asked.length = 0;
    expect(await (await plain.delay()).get()).toBe(1);
    expect(other.asked).toEqual([]);
  });

  test('need a store: a worker does not start without one', async () => {
    await using scene = setup({ concurrency: 1 }, { backend: 'disabled://' });
    await expect(scene.start()).rejects.toMatchObject({ code: 'CTQ_NO_STORE' });
  });

  test('wait for a store that is away', async () => {
    const store = memoryStore();
    const read = store.compareAndSet?.bind(store);
    let isAway = true;
    store.compareAndSet = (...given) => {
      if (isAway || read === undefined) return Promise.reject(new Error('away'));
      return read(...given);
    };
    await using scene = setup({ concurrency: 1 }, { store });
    await scene.start();
    const call = await scene.quick.delay('a', 0);
    await scene.clock.advance(3 * second);
    expect(scene.begun).toEqual([]);
    expect(scene.lines.filter(({ message }) => /Couldn't ask the store/.test(message))).toHaveLength(4);
    isAway = false;
    const got = call.get();
    await scene.clock.advance(2 * second);
    await got;
    expect(scene.order()).toEqual([0]);
  });

  test('count a call whose key cannot be made as one without a key', async () => {
    await using scene = setup({
      concurrency: 1,
      key: () => {
        throw new Error('no key');
      },
    });
    await scene.start();
    const call = await scene.quick.delay('a', 0);
    await call.get();
    expect((await scene.line(/The key of the limit of quick/)).level).toBe('error');
  });

  test.each<[unknown, RegExp]>([
    [{}, /needs a rate, a concurrency or both/],
    [{ rate: '5/d' }, /is not a rate/],
    [{ rate: 0 }, /more than 0/],
    [{ concurrency: 0 }, /whole number of at least 1/],
    [{ concurrency: 1.5 }, /whole number of at least 1/],
    [{ concurrency: 1, burst: 2 }, /needs a rate/],
    [{ concurrency: 1, key: 'a' }, /function of the arguments/],
    [{ most: 1 }, /no option 'most'/],
    ['5/s', /is an object/],
  ])('cannot be %j', (limit, message) => {
    const app = new Ctq('shop', { broker: 'memory://' });
    expect(() => app.task('t', { limit: limit as LimitOptions<[]> }, () => 1)).toThrow(message);
  });
});
