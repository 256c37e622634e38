import { chain, chord, group } from '@ctq/core';
import { describe, expect, test } from 'vitest';
import { WorkerScene } from './__fixtures__/worker-scene.js';

describe('Over protocol 1', () => {
  test('tasks, links, chains, groups and chords come to the same [ST-168, TR-289]', async () => {
    await using scene = new WorkerScene({ taskProtocol: 1 });
    const linked: number[] = [];
    const add = scene.app.task('add', (x: number, y: number) => x + y);
    const note = scene.app.task('note', (x: number) => void linked.push(x));
    const sum = scene.app.task('sum', (all: number[]) => all.reduce((x, y) => x + y, 0));
    await scene.start();
    expect(await (await add.delay(2, 3)).get({ timeout: 10 })).toBe(5);
    const steps = await chain(add.s(1, 1), add.s(2).link(note.s()), add.s(3)).delay();
    expect(await steps.get({ timeout: 10 })).toBe(7);
    const both = await group([add.s(1, 1), add.s(2, 2)]).delay();
    expect(await both.get({ timeout: 10 })).toEqual([2, 4]);
    const joined = await chain(chord([add.s(1, 1), add.s(2, 2)], sum.s()), add.s(10)).delay();
    expect(await joined.get({ timeout: 10 })).toBe(16);
    await scene.line(/note.*succeeded/);
    expect(linked).toEqual([4]);
  });

  test('a retry goes on with what was to follow', async () => {
    await using scene = new WorkerScene({ taskProtocol: 1 });
    const flaky = scene.app.task('flaky', { bind: true }, (ctx, x: number) =>
      ctx.request.retries === 0 ? ctx.retry({ countdown: 0 }) : x,
    );
    const double = scene.app.task('double', (x: number) => 2 * x);
    await scene.start();
    expect(await (await chain(flaky.s(2), double.s(), double.s()).delay()).get({ timeout: 10 })).toBe(8);
  });
});
