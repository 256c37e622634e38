import { chain, chord, group } from '@ctq/core';
import { describe, expect, test } from 'vitest';
import { WorkerScene } from './__fixtures__/worker-scene.js';

const soon = { timeout: 10 };

function setup() {
  const scene = new WorkerScene();
  const seen: unknown[] = [];
  const add = scene.app.task('add', (x: number, y: number) => x + y);
  const sum = scene.app.task('sum', (numbers: readonly number[]) =>
    numbers.reduce((total, number) => total + number, 0),
  );
  const fail = scene.app.task('fail', (_input?: unknown): number => {
    throw new RangeError('broken link');
  });
  const note = scene.app.task('note', (value: unknown) => {
    seen.push(value);
    return value;
  });
  return { scene, seen, add, sum, fail, note };
}

describe('Workflows through a worker', () => {
  test('a chain hands each result to the next [CV-012]', async () => {
    const { scene, add } = setup();
    await using _ = scene;
    await scene.start();
    const result = await chain(add.s(1, 2), add.s(4), add.s(8)).delay();
    expect(await result.get(soon)).toBe(15);
  });

  test('a group gives all results in its order', async () => {
    const { scene, add } = setup();
    await using _ = scene;
    await scene.start();
    const result = await group([add.s(1, 1), add.s(2, 2), add.s(3, 3)]).delay();
    expect(await result.get(soon)).toEqual([2, 4, 6]);
    expect(await result.completedCount()).toBe(3);
  });

  test('a chord calls its body with the results of its header', async () => {
    const { scene, add, sum } = setup();
    await using _ = scene;
    await scene.start({ concurrency: 2 });
    const result = await chord(
      Array.from({ length: 20 }, (__, index) => add.s(index, index)),
      sum.s(),
    ).delay();
    expect(await result.get(soon)).toBe(380);
  });

  test('a chord whose header fails, fails; its body is not called', async () => {
    const { scene, add, fail, note, seen } = setup();
    await using _ = scene;
    await scene.start();
    const result = await chord([add.s(1, 1), fail.s(1)], note.s()).delay();
    await expect(result.get(soon)).rejects.toThrow(/raised/);
    expect(seen).toEqual([]);
  });

  test('a chord with a member that was revoked fails, and its body is not called [TR-248]', async () => {
    const { scene, add, note, seen } = setup();
    await using _ = scene;
    const result = await chord([add.s(1, 1), add.s(2, 2).set({ expires: 10 })], note.s()).delay();
    await scene.clock.advance(10_000);
    await scene.start();
    await expect(result.get(soon)).rejects.toThrow(/raised TaskRevokedError\('expired'\)/);
    expect(seen).toEqual([]);
  });

  test('a chain through a chord goes on with what follows it', async () => {
    const { scene, add, sum } = setup();
    await using _ = scene;
    await scene.start();
    const result = await chain(add.s(1, 1), chord([add.s(10), add.s(20)], sum.s()), add.s(100)).delay();
    expect(await result.get(soon)).toBe(134);
  });

  test('the rest of a broken chain fails with the same error', async () => {
    const { scene, add, fail } = setup();
    await using _ = scene;
    await scene.start();
    const result = await chain(add.s(1, 2), fail.s(), add.s(1)).delay();
    await expect(result.get(soon)).rejects.toThrow('broken link');
  });

  test('a chord whose header holds a chain that breaks before its end, fails', async () => {
    const { scene, add, fail, note, seen } = setup();
    await using _ = scene;
    await scene.start();
    const result = await chord([add.s(1, 1), chain(fail.s(1), add.s(1))], note.s()).delay();
    await expect(result.get(soon)).rejects.toThrow(/raised .*broken link/);
    expect(seen).toEqual([]);
  });

  test('a chord whose header holds a chord that fails, fails', async () => {
    const { scene, add, sum, fail, note, seen } = setup();
    await using _ = scene;
    await scene.start();
    const inner = chord([add.s(1, 1), fail.s(1)], sum.s());
    const result = await chord([add.s(2, 2), inner], note.s()).delay();
    await expect(result.get(soon)).rejects.toThrow(/raised/);
    expect(seen).toEqual([]);
  });

  test('a chain that breaks before a group or a chord fails with it, whatever follows', async () => {
    const { scene, add, sum, fail } = setup();
    await using _ = scene;
    await scene.start();
    const throughGroup = await chain(fail.s(1), group([add.s(1), add.s(2)])).delay();
    await expect(throughGroup.get(soon)).rejects.toThrow('broken link');
    const throughChord = await chain(fail.s(1), chord([add.s(1), add.s(2)], sum.s()), add.s(1)).delay();
    await expect(throughChord.get(soon)).rejects.toThrow('broken link');
  });

  test('link runs after a success with its result, linkError after a failure with the id [CV-162]', async () => {
    const { scene, add, fail, note, seen } = setup();
    await using _ = scene;
    await scene.start();
    await add.applyAsync([1, 2], { link: note.s() });
    await scene.line(/note.*succeeded/);
    expect(seen).toEqual([3]);
    scene.lines.length = 0;
    const failed = await fail.applyAsync([], { linkError: note.s() });
    await scene.line(/note.*succeeded/);
    expect(seen).toEqual([3, failed.id]);
  });

  test('ignoreResult stores nothing, and what follows still runs', async () => {
    const { scene, add, note, seen } = setup();
    await using _ = scene;
    await scene.start();
    const result = await add.applyAsync([1, 2], { ignoreResult: true, link: note.s() });
    await scene.line(/note.*succeeded/);
    expect(seen).toEqual([3]);
    expect(await result.get(soon)).toBeNull();
    expect(await scene.app.asyncResult(result.id).state()).toBe('PENDING');
  });
});
