import { describe, expect, test } from 'vitest';
import { CommandRun } from './__fixtures__/command.js';
import { Project } from './__fixtures__/project.js';

const tasks = `import { chain, chord, Ctq, group } from '@ctq/core';

export const app = new Ctq('demo');
const add = app.task('add', (x: number, y: number) => x + y);
const sorted = app.task('sorted', (numbers: readonly number[]) => [...numbers].sort((a, b) => a - b));
const replaced = app.task('replaced', { bind: true }, (ctx) => ctx.replace(group([add.s(1, 1), chain(add.s(2, 2), add.s(3))])));
const adding = app.task('adding', { bind: true }, async (ctx) => {
  await ctx.addToChord(add.s(10, 10));
  await (await ctx.addToChord(add.s(1), { lazy: true })).delay(20);
  return 0;
});
app.task('starts', async () => {
  const results = [await chain(replaced.s(), sorted.s()).delay(), await chord([adding.s()], sorted.s()).delay()];
  return results.map(({ id }) => id);
});
`;

describe.each(['processes', 'threads'])('Tasks in slots of %s', (pool) => {
  test('are replaced, and add to their chords', async () => {
    using project = new Project({ 'tasks.ts': tasks });
    const ctq = async (...args: readonly string[]): Promise<string> => {
      await using command = new CommandRun(project.folder, ['-A', './tasks.ts', ...args]);
      await command.exitCode;
      return command.err + command.out;
    };
    const resultOf = async (id: string): Promise<unknown> => JSON.parse(await ctq('result', id));
    await using worker = new CommandRun(project.folder, ['-A', './tasks.ts', 'worker', '-P', pool, '-c', '2']);
    await worker.says(/ready\./);
    const id = (await ctq('call', 'starts')).trim();
    const [replaced = '', joined = ''] = (await resultOf(id)) as string[];
    expect(await resultOf(replaced)).toEqual([2, 7]);
    expect(await resultOf(joined)).toEqual([0, 20, 21]);
  });
});
