import { memoryTransport } from '@ctq/messaging';
import { describe, expect, it } from 'vitest';
import { CanvasScene } from '../__fixtures__/canvas-scene.js';
import { Ctq } from '../app/ctq.js';
import { chain } from './chain.js';
import { chord } from './chord.js';

const add = { task: 'add', args: [], kwargs: {}, options: {}, subtask_type: null, immutable: false };

describe('a task over many items', () => {
  it('is one immutable call of celery.map or celery.starmap, which comes back as what it was [CV-006, CV-317]', () => {
    const scene = new CanvasScene();
    const mapped = scene.same.map(new Set([1, 2]));
    expect(mapped.serialize()).toEqual({
      ...{ task: 'celery.map', args: [], kwargs: { task: { ...add, task: 'same' }, it: [1, 2] } },
      ...{ options: {}, subtask_type: 'xmap', immutable: true },
    });
    const starred = scene.add.starmap([[1, 2]]);
    expect(starred.serialize()).toMatchObject({ task: 'celery.starmap', subtask_type: 'xstarmap', immutable: true });
    for (const one of [mapped, starred])
      expect(scene.app.signature(one.serialize()).serialize()).toEqual(one.serialize());
  });

  it('is run for each in its order by one message, and gives the list [CV-124, CV-125, CV-128, CV-317]', async () => {
    const { same, add: plus, ran } = new CanvasScene();
    function* numbers() {
      yield* [3, 1, 2];
    }
    expect(await (await same.map(numbers()).delay()).get()).toEqual([3, 1, 2]);
    expect(
      await (
        await plus
          .starmap([
            [1, 2],
            [3, 4],
          ])
          .delay()
      ).get(),
    ).toEqual([3, 7]);
    expect(ran.map(({ task, kwargs }) => [task, kwargs['it']])).toEqual([
      ['celery.map', [3, 1, 2]],
      [
        'celery.starmap',
        [
          [1, 2],
          [3, 4],
        ],
      ],
    ]);
  });

  it('takes nothing of what comes before it, and hands on its list [CV-006]', async () => {
    const { add: plus, total } = new CanvasScene();
    const result = await chain(
      plus.s(1, 1),
      plus.starmap([
        [1, 2],
        [3, 4],
      ]),
      total.s(),
    ).delay();
    expect(await result.get()).toBe(10);
  });

  it('fails with the first error, and does not go on', async () => {
    const { app } = new CanvasScene();
    const seen: number[] = [];
    const picky = app.task('picky', async (n: number) => {
      seen.push(n);
      await Promise.resolve();
      if (n === 2) throw new RangeError('no twos');
      return n;
    });
    await expect((await picky.map([1, 2, 3]).delay()).get()).rejects.toThrow('no twos');
    expect(seen).toEqual([1, 2]);
  });

  it('gives a bound task a context of a call in place', async () => {
    const { app } = new CanvasScene();
    const where = app.task('direct', { bind: true }, ({ request }, x: number) => [request.calledDirectly, x]);
    expect(await (await where.map([7]).delay()).get()).toEqual([[true, 7]]);
  });

  it('says what is not a list of arguments, and what no worker has', async () => {
    const { app } = new CanvasScene();
    const starmap = (task: string, it: unknown) =>
      app.signature({
        task: 'celery.starmap',
        args: [],
        kwargs: { task: { ...add, task }, it },
        options: {},
        subtask_type: 'xstarmap',
        immutable: true,
      });
    await expect((await starmap('add', [1]).delay()).get()).rejects.toThrow('has to be a list of arguments');
    await expect((await starmap('add', 'ab').delay()).get()).rejects.toThrow('has to be a list');
    await expect((await starmap('ad', [[1, 2]]).delay()).get()).rejects.toThrow("No task named 'ad'");
  });
});

describe('a task over chunks of items', () => {
  const pairs = (count: number) => Array.from({ length: count }, (_, n): [number, number] => [n, n]);

  it('is a group of starmaps, the last of which may have fewer [CV-126, CV-318]', async () => {
    const { add: plus, ran } = new CanvasScene();
    const result = await plus.chunks(pairs(5), 2).delay();
    expect(await result.get()).toEqual([[0, 2], [4, 6], [8]]);
    expect(result.results).toHaveLength(3);
    expect(ran.map(({ task, group, groupIndex }) => [task, group, groupIndex])).toEqual(
      [0, 1, 2].map((index) => ['celery.starmap', result.id, index]),
    );
  });

  it('travels with its task, items and size, and comes back the same [CV-006, CV-318]', async () => {
    const { app, add: plus } = new CanvasScene();
    const chunks = plus.chunks(pairs(4), 3);
    expect(chunks.serialize()).toEqual({
      ...{ task: 'celery.chunks', args: [], kwargs: { task: add, it: pairs(4), n: 3 } },
      ...{ options: {}, subtask_type: 'chunks', immutable: true },
    });
    const read = app.signature(JSON.parse(JSON.stringify(chunks.serialize())));
    expect(read.serialize()).toEqual(chunks.serialize());
    expect(await (await read.delay()).get()).toEqual([[0, 2, 4], [6]]);
  });

  it('is a group also in a chain and in the header of a chord', async () => {
    const { app, add: plus, same } = new CanvasScene();
    const flat = app.task('flat', (lists: readonly (readonly number[])[]) => lists.flat());
    expect(await (await chain(same.si(1), plus.chunks(pairs(3), 2), flat.s()).delay()).get()).toEqual([0, 2, 4]);
    expect(await (await chord([plus.chunks(pairs(3), 2)], same.s()).delay()).get()).toEqual([[0, 2], [4]]);
  });

  it('is refused in a message that says no size', () => {
    const { app, add: plus } = new CanvasScene();
    const chunks = plus.chunks(pairs(2), 1).serialize();
    for (const n of [0, 'two', null])
      expect(() => app.signature({ ...chunks, kwargs: { ...chunks.kwargs, n } })).toThrow(
        expect.objectContaining({ code: 'CTQ_INVALID_TASK_MESSAGE' }),
      );
  });

  it('holds one item or more', () => {
    const { add: plus } = new CanvasScene();
    for (const size of [0, -1, 1.5, Number.NaN]) expect(() => plus.chunks(pairs(2), size)).toThrow(RangeError);
  });
});

describe('the route of what runs a task for many items', () => {
  it('is that of the task [CV-127]', async () => {
    const queues: string[] = [];
    await using app = new Ctq('client', {
      broker: memoryTransport(),
      taskRoutes: { add: { queue: 'sums' } },
      interceptors: [
        {
          name: 'recorder',
          publish: (call, next) => {
            queues.push(call.route.routingKey);
            return next(call);
          },
        },
      ],
    });
    const plus = app.task('add', (x: number, y: number) => x + y);
    await plus.starmap([[1, 1]]).delay();
    await plus.chunks([[1, 1]], 1).delay();
    await app
      .task('other', (x: number) => x)
      .map([1])
      .delay();
    expect(queues).toEqual(['sums', 'sums', 'celery']);
  });
});
