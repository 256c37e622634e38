import { describe, expect, test } from 'vitest';
import { CommandRun } from './__fixtures__/command.js';
import { Project } from './__fixtures__/project.js';

const tasks = `import { chain, chord, Ctq, group } from '@ctq/core';

export const app = new Ctq('demo');
const add = app.task('add', (x: number, y: number) => x + y);
const replaced = app.task('replaced', { bind: true }, (ctx) => ctx.replace(group([add.s(1, 1), chain(add.s(2, 2), add.s(3))])));
const adding = app.task('adding', { bind: true }, async (ctx) => {
  await ctx.addToChord(add.s(10, 10));
  await (await ctx.addToChord(add.s(1), { lazy: true })).delay(20);
  return 0;
});
const gathered = app.task('gathered', (results: readonly unknown[]) => results);
app.task('starts', { bind: true }, (ctx) => ctx.replace(chord([replaced.s(), adding.s()], gathered.s())));
`;

describe.each(['processes', 'threads'])('Tasks in slots of %s', (pool) => {
  test('are replaced, and add to their chords', { timeout: 60_000 }, async () => {
    using project = new Project({ 'tasks.ts': tasks });
    const ctq = async (...args: readonly string[]): Promise<string> => {
      await using command = new CommandRun(project.folder, ['-A', './tasks.ts', ...args]);
      await command.exitCode;
      return command.out;
    };
    await using worker = new CommandRun(project.folder, [
      '-A',
      './tasks.ts',
      'worker',
      '-l',
      'info',
      '-P',
      pool,
      '-c',
      '2',
    ]);
    await worker.says(/ready\./);
    const id = (await ctq('call', 'starts')).trim();
    const [replaced, ...added] = JSON.parse(await ctq('result', id)) as unknown[];
    expect(replaced).toEqual([2, 7]);
    expect(new Set(added)).toEqual(new Set([0, 20, 21]));
    expect(added).toHaveLength(3);
  });
});
