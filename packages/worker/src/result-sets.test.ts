import { chain, chord, group, type ResultTuple } from '@ctq/core';
import { describe, expect, test } from 'vitest';
import { WorkerScene } from './__fixtures__/worker-scene.js';

const soon = { timeout: 10 };

function setup() {
  const scene = new WorkerScene();
  const { app } = scene;
  return {
    scene,
    app,
    add: app.task('add', (x: number, y: number) => x + y),
    fail: app.task('fail', (): number => {
      throw new RangeError('broken');
    }),
  };
}

describe('A set of results of a worker', () => {
  test('gives their values in its order, also of those that were added one by one [CV-216, CV-218]', async () => {
    const { scene, app, add } = setup();
    await using _ = scene;
    await scene.start();
    const calls = [await add.delay(1, 1), await add.delay(2, 2)];
    expect(await app.resultSet(calls).get(soon)).toEqual([2, 4]);
    const gathered = app.resultSet<number>();
    for (const call of calls) gathered.add(call);
    expect(await gathered.get(soon)).toEqual([2, 4]);
  });

  test('with one that failed says of each how it ended [CV-217]', async () => {
    const { scene, app, add, fail } = setup();
    await using _ = scene;
    await scene.start();
    const set = app.resultSet([await fail.delay(), await add.delay(1, 1)]);
    await expect(set.get(soon)).rejects.toThrow('broken');
    expect(await set.join({ ...soon, propagate: false })).toEqual([new RangeError('broken'), 2]);
    const [failed, fine] = set.results as Awaited<ReturnType<typeof add.delay>>[];
    expect([await failed?.failed(), await failed?.successful()]).toEqual([true, false]);
    expect([await fine?.failed(), await fine?.successful()]).toEqual([false, true]);
  });
});

describe('A result that a task returns', () => {
  test('arrives as nested lists, of which it can be made again [CV-181]', async () => {
    const { scene, app, add } = setup();
    await using _ = scene;
    const build = app.task('build', async () => await chain(add.s(1, 1), group([add.s(3), add.s(4)])).delay());
    await scene.start();
    const tuple: ResultTuple = await (await build.delay()).get(soon);
    expect(tuple).toMatchObject([
      [expect.any(String), [[expect.any(String), null], null]],
      [[], []].map(() => [[expect.any(String), null], null]),
    ]);
    expect(await app.resultFromTuple(tuple).get(soon)).toEqual([5, 6]);
  });

  test('is one of its children, whatever the workflow', async () => {
    const { scene, app, add } = setup();
    await using _ = scene;
    const build = app.task('build', async () => await chord([add.s(1, 1)], add.si(2, 2)).delay());
    await scene.start();
    const tuple = await (await build.delay()).get(soon);
    expect(await app.resultFromTuple(tuple).get(soon)).toBe(4);
  });
});
