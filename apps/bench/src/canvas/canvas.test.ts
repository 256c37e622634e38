import { describeWithPrograms } from '@ctq/test-services/vitest';
import { beforeAll, expect, test } from 'vitest';
import { celeryProgram } from '../celery-program.js';
import type { Figure } from '../measure.js';
import { compare } from './canvas.js';
import { contenders } from './contender.js';
import { figuresOf, type Outcome } from './figures-of.js';
import { measureWorkflows } from './measure-workflows.js';
import { type Shape, tasksOf } from './shape.js';
import { chosenShapes } from './shapes.js';

const shapes: readonly Shape[] = [
  { kind: 'chord', size: 8 },
  { kind: 'chain', size: 5 },
  { kind: 'nested', size: 3 },
  { kind: 'group', size: 8 },
];

describeWithPrograms(['redis-server'], 'The comparison of workflows', () => {
  // Makes the environment of Python where it is not there yet.
  beforeAll(async () => {
    await celeryProgram({ url: '', stores: true }, []);
  }, 300_000);

  test.each(contenders)(
    'measures each workflow of $name, and that each task ran once',
    { timeout: 120_000 },
    async (contender) => {
      const measured = await measureWorkflows(contender, shapes, 60);

      expect(measured.map(({ tasks }) => tasks)).toEqual(shapes.map(tasksOf));
      for (const { seconds, toRedisBytes, fromRedisBytes, worker, client, redis } of measured) {
        for (const value of [seconds, toRedisBytes, fromRedisBytes]) expect(value).toBeGreaterThan(0);
        for (const { before, peak } of [worker, client, redis]) expect(Math.min(before, peak)).toBeGreaterThan(0);
      }
    },
  );

  test('says of what is not finished that it is not, and tries nothing larger nor a second time', async () => {
    const ctq = contenders.filter(({ name }) => name === 'ctq');
    const known = new Map<string, Outcome>();
    const sizes: readonly Shape[] = [
      { kind: 'chord', size: 100 },
      { kind: 'chord', size: 1_000 },
    ];
    const reasonsOf = (figures: readonly Figure[]): ReadonlySet<string | undefined> =>
      new Set(figures.map(({ absent }) => absent));

    const first = await compare(ctq, sizes, { round: 0, limitSeconds: 0.001, known });
    expect(reasonsOf(first)).toEqual(new Set(['chord of 100 not finished in 0.001 s']));
    const second = await compare(ctq, sizes, { round: 1, limitSeconds: 60, known });
    expect(reasonsOf(second)).toEqual(new Set(['chord of 100 not finished in 0.001 s']));
  });
});

test('Figures say how a workflow grows, by its size', () => {
  const memory = (before: number, peak: number) => ({ before, peak });
  const chord = { kind: 'chord', size: 1_000 } as const;
  const figures = figuresOf([chord], ['ctq', 'Celery'], (_, name) =>
    name === 'Celery'
      ? { absent: 'too large' }
      : {
          ...{ seconds: 0.5, tasks: 1_001, toRedisBytes: 1_024_000, fromRedisBytes: 2_048_000 },
          ...{ worker: memory(100, 110), client: memory(50, 50), redis: memory(1, 3) },
        },
  );
  const inTable = (name: string, contender: string): readonly unknown[] =>
    figures
      .filter(({ cell }) => cell?.table === name && cell.row.join() === `chord of 1,000,${contender}`)
      .map(({ cell, value, unit, absent }) => [cell?.column, absent ?? `${value} ${unit}`]);

  expect(inTable('how it grows', 'ctq')).toEqual([
    ['time per member', '0.5 ms'],
    ['bytes per member', '3 KiB'],
    ['worker per member', '10.24 KiB'],
    ['client per member', '0 KiB'],
    ['Redis per member', '2.048 KiB'],
  ]);
  expect(inTable('of each workflow', 'ctq').slice(0, 2)).toEqual([
    ['time', '0.5 s'],
    ['tasks that ran', '1001 '],
  ]);
  expect(inTable('of each workflow', 'Celery')[0]).toEqual(['time', 'too large']);
  expect(figures[0]).toMatchObject({
    name: 'time, chord of 1,000: ctq',
    expected: { atMost: 0.2 },
    beside: { Celery: 'time, chord of 1,000: Celery' },
  });
});

test('Workflows are chosen by their kind, with a size or in all of its sizes', () => {
  expect(chosenShapes(['nested', 'chord:500'], false)).toEqual([
    { kind: 'nested', size: 10 },
    { kind: 'nested', size: 100 },
    { kind: 'chord', size: 500 },
  ]);
  expect(chosenShapes(['chain', 'chord:500'], true)).toEqual([
    { kind: 'chain', size: 20 },
    { kind: 'chain', size: 100 },
    { kind: 'chain', size: 500 },
    { kind: 'chord', size: 500 },
  ]);
  expect(chosenShapes(undefined, false)).toContainEqual({ kind: 'chord', size: 100_000 });
  for (const word of ['ring', 'chord:many', 'chord:1', 'chord:1.5'])
    expect(chosenShapes([word], false)).toBeUndefined();
});
