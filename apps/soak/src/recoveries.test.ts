import { describe, expect, test } from 'vitest';
import type { Entry } from './journal.js';
import { recoveries } from './recoveries.js';

/** Of task 1 unless it is said. */
const entry = (process: number, at: number, more: Partial<Entry> = {}): Entry => ({
  n: 1,
  process,
  parent: 1,
  at,
  ...more,
});

function journal(starts: readonly Entry[], ends: readonly Entry[] = []) {
  const byTask = (entries: readonly Entry[]) =>
    new Map([...new Set(entries.map(({ n }) => n))].map((n) => [n, entries.filter((each) => each.n === n)]));
  return { starts: byTask(starts), ends: byTask(ends) };
}

describe('The recovery from the kill of', () => {
  test('a process lasts until the task that it was in the middle of begins again', () => {
    const starts = [entry(7, 100), entry(8, 350)];
    expect(recoveries({ kind: 'slot', at: 200, process: 7 }, journal(starts))).toEqual([150]);
  });

  test('a worker counts what its slots were in the middle of', () => {
    const starts = [entry(7, 100, { parent: 5 }), entry(9, 150, { n: 2, parent: 6 }), entry(8, 350)];
    expect(recoveries({ kind: 'worker', at: 200, process: 5 }, journal(starts))).toEqual([150]);
  });

  test('a process does not count what was done before', () => {
    const starts = [entry(7, 100), entry(8, 350)];
    expect(recoveries({ kind: 'worker', at: 200, process: 7 }, journal(starts, [entry(7, 150)]))).toEqual([]);
  });

  test('a thread counts the task in whose middle it ended', () => {
    const starts = [entry(7, 100), entry(7, 110, { n: 2 }), entry(7, 220)];
    expect(recoveries({ kind: 'slot', at: 200, task: 1 }, journal(starts))).toEqual([20]);
  });

  test('the broker lasts until any task begins', () => {
    const starts = [entry(7, 100), entry(7, 900, { n: 2 }), entry(8, 700, { n: 3 })];
    expect(recoveries({ kind: 'broker', at: 200 }, journal(starts))).toEqual([500]);
  });
});
