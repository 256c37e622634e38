import { type AppOptions, chain, chord, group, Ignore, type Interceptor } from '@ctq/core';
import { type Message, PublishTimeoutError } from '@ctq/messaging';
import { deferred } from '@ctq/runtime';
import { describe, expect, test } from 'vitest';
import { WorkerScene } from './__fixtures__/worker-scene.js';

const soon = { timeout: 10 };

function setup(options: AppOptions = {}) {
  const scene = new WorkerScene(options);
  const { app } = scene;
  return {
    scene,
    app,
    add: app.task('add', (x: number, y: number) => x + y),
    same: app.task('same', (value: unknown) => value),
    sum: app.task('sum', (numbers: readonly number[]) => numbers.reduce((total, one) => total + one, 0)),
  };
}

/** Results in their order, for chords whose members share an index. */
const sorted = (results: unknown): unknown[] => (results as number[]).toSorted((a, b) => a - b);

/** Does something to the publishing of a task. */
const publishing = (task: string, publish: (send: () => Promise<void>) => Promise<void>): Interceptor => ({
  name: 'publishing',
  publish: (call, next) => (call.task === task ? publish(() => next(call)) : next(call)),
});

describe('A member of a header', () => {
  test('adds members to its chord while it runs, whose results are given to the body [CV-114, CV-245]', async () => {
    const { scene, app, add, same } = setup();
    await using _ = scene;
    const adding = app.task('adding', { bind: true }, async (ctx, numbers: readonly number[], y: number) => {
      for (const x of numbers) await ctx.addToChord(add.s(x, y));
      return 0;
    });
    await scene.start();
    const result = await chain(group([adding.s([1, 2, 3], 4)]), same.s()).delay();
    expect(sorted(await result.get(soon))).toEqual([0, 5, 6, 7]);
  });

  test('adds a chord, which counts as one [CV-246]', async () => {
    const { scene, app, add, same, sum } = setup();
    await using _ = scene;
    const adding = app.task('adding', { bind: true }, async (ctx, numbers: readonly number[], y: number) => {
      await ctx.addToChord(
        chord(
          numbers.map((x) => add.s(x, y)),
          sum.s(),
        ),
      );
      return 0;
    });
    await scene.start();
    const result = await chain(group([adding.s([1, 2, 3], 4)]), same.s()).delay();
    expect(sorted(await result.get(soon))).toEqual([0, 5 + 6 + 7]);
  });

  test('adds a chain, or a group, which counts as one with its list', async () => {
    const { scene, app, add, same } = setup();
    await using _ = scene;
    const adding = app.task('adding', { bind: true }, async (ctx) => {
      await ctx.addToChord(chain(add.s(1, 2), add.s(10)));
      await ctx.addToChord(group([same.s('a'), same.s('b')]));
      return 0;
    });
    await scene.start({ concurrency: 1 });
    const result = await chord([adding.s(), same.s('last')], same.s()).delay();
    const [first, ...more] = (await result.get(soon)) as unknown[];
    expect([first, more.at(-1)]).toEqual([0, 'last']);
    expect(more.slice(0, -1)).toEqual(expect.arrayContaining([13, ['a', 'b']]));
    expect(more).toHaveLength(3);
  });

  test('is waited for by the chord, though what it has added is over', async () => {
    const { scene, app, same } = setup();
    await using _ = scene;
    const isAdded = deferred();
    const quick = app.task('quick', () => 1);
    app.signals.taskPostrun.connect(({ task }) => {
      if (task === 'quick') isAdded.resolve();
    });
    const adding = app.task('adding', { bind: true }, async (ctx) => {
      await ctx.addToChord(quick.s());
      await isAdded.promise;
      return 0;
    });
    await scene.start({ concurrency: 2 });
    const result = await chord([adding.s()], same.s()).delay();
    expect(sorted(await result.get(soon))).toEqual([0, 1]);
  });

  test('has the results of what it adds, as its own children too', async () => {
    const { scene, app, add, same } = setup();
    await using _ = scene;
    const adding = app.task('adding', { bind: true }, async (ctx) => {
      const added = await ctx.addToChord(add.s(1, 2));
      return [added.id, JSON.stringify(ctx.request.children)];
    });
    await scene.start({ concurrency: 1 });
    const result = await chord([adding.s()], same.s()).delay();
    const [[id = '', children = '']] = (await result.get(soon)) as [string[], number];
    expect(JSON.parse(children)).toEqual([[[id, null], null]]);
    expect(await app.asyncResult(id).get(soon)).toBe(3);
  });

  test('adds what is sent later [CV-114, CV-384]', async () => {
    const { scene, app, add, same } = setup();
    await using _ = scene;
    const order: string[] = [];
    const adding = app.task('adding', { bind: true }, async (ctx) => {
      const later = await ctx.addToChord(add.s(1), { lazy: true });
      order.push('added');
      await later.delay(10);
      return 0;
    });
    app.signals.afterTaskPublish.connect(({ task }) => void (task === 'add' && order.push('sent')));
    await scene.start();
    const result = await chord([adding.s()], same.s()).delay();
    expect(sorted(await result.get(soon))).toEqual([0, 11]);
    expect(order).toEqual(['added', 'sent']);
  });

  test('cannot be added to by a task that is none, alone or in a group [CV-114, CV-384]', async () => {
    const { scene, app, add } = setup();
    await using _ = scene;
    const adding = app.task('adding', { bind: true }, async (ctx) => {
      await ctx.addToChord(add.s(1, 2));
    });
    await scene.start();
    const alone = await adding.delay();
    const inGroup = await group([adding.s()]).delay();
    for (const result of [alone, inGroup])
      await expect(result.get(soon)).rejects.toThrow(/^adding\[.*\] is not a member of a chord's header/);
  });

  test('that was called in place cannot add', async () => {
    const { scene, app, add } = setup();
    await using _ = scene;
    const adding = app.task('adding', { bind: true }, (ctx) => ctx.addToChord(add.s(1, 2)));
    await expect(adding()).rejects.toMatchObject({ code: 'CTQ_NOT_IN_CHORD' });
  });
});

describe('A member that runs again', () => {
  test('after its worker died has added once what it adds twice', async () => {
    const callers: Message[] = [];
    const recorder: Interceptor = {
      name: 'recorder',
      publish: (call, next) => {
        if (call.task === 'adding') callers.push(call.message);
        return next(call);
      },
    };
    const { scene, app, add, same } = setup({ interceptors: [recorder] });
    await using _ = scene;
    let runs = 0;
    const adding = app.task('adding', { bind: true }, async (ctx) => {
      runs += 1;
      await ctx.addToChord(add.s(1, 2));
      await ctx.addToChord(add.s(1, 2));
      // Nobody hears of this run, as if it had died.
      if (runs === 1) throw new Ignore();
      await ctx.addToChord(add.s(5, 5));
      return 0;
    });
    const result = await chord([adding.si().set({ taskId: 'caller' })], same.s()).delay();
    await scene.start({ concurrency: 1 });
    await scene.line(/adding\[caller\] ignored/);
    await scene.publish(callers[0] ?? {});
    expect(sorted(await result.get(soon))).toEqual([0, 3, 3, 10]);
  });

  test('by itself has added once what is the same, and what differs as well', async () => {
    const { scene, app, add, same } = setup();
    await using _ = scene;
    const adding = app.task('adding', { bind: true }, async (ctx): Promise<number> => {
      const { retries } = ctx.request;
      await ctx.addToChord(add.s(1, 2));
      await ctx.addToChord(add.s(retries, 100));
      return retries === 0 ? ctx.retry({ countdown: 0 }) : 0;
    });
    await scene.start();
    const result = await chord([adding.s()], same.s()).delay();
    expect(sorted(await result.get(soon))).toEqual([0, 3, 100, 101]);
  });
});

describe('What could not be sent', () => {
  test('is not waited for, and may be added again', async () => {
    let attempts = 0;
    const { scene, app, add, same } = setup({
      interceptors: [
        publishing('add', async (send) => {
          attempts += 1;
          if (attempts !== 2) throw new RangeError('no way there');
          await send();
        }),
      ],
    });
    await using _ = scene;
    const adding = app.task('adding', { bind: true }, async (ctx) => {
      await expect(ctx.addToChord(add.s(1, 2))).rejects.toThrow('no way there');
      await ctx.addToChord(add.s(1, 2));
      await expect(ctx.addToChord(add.s(3, 4))).rejects.toThrow('no way there');
      return 0;
    });
    await scene.start();
    const result = await chord([adding.s()], same.s()).delay();
    expect(sorted(await result.get(soon))).toEqual([0, 3]);
  });

  test('is waited for where it may have arrived', async () => {
    const { scene, app, add, same } = setup({
      interceptors: [
        publishing('add', async (send) => {
          await send();
          throw new PublishTimeoutError('no answer', { outcome: 'unknown' });
        }),
      ],
    });
    await using _ = scene;
    const adding = app.task('adding', { bind: true }, async (ctx) => {
      await expect(ctx.addToChord(add.s(1, 2))).rejects.toThrow();
      return 0;
    });
    await scene.start();
    const result = await chord([adding.s()], same.s()).delay();
    expect(sorted(await result.get(soon))).toEqual([0, 3]);
  });
});
