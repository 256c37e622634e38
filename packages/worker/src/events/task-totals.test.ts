import { describe, expect, test } from 'vitest';
import { TaskTotals } from './task-totals.js';

describe('The totals of a worker', () => {
  test('are by the names that tasks are shown by, and of all of them [RC-057]', () => {
    const totals = new TaskTotals();
    totals.count('add');
    totals.count('add', 'shadow');
    totals.count('add');
    expect([totals.all, [...totals.byName]]).toEqual([
      3,
      [
        ['add', 2],
        ['shadow', 1],
      ],
    ]);
  });

  test('do not grow with names that somebody makes up', () => {
    const totals = new TaskTotals();
    for (let made = 0; made < 5_000; made += 1) totals.count('add', `shadow ${made}`);
    expect(totals.byName.size).toBeLessThan(1_100);
    expect([totals.all, totals.byName.get('add')]).toEqual([5_000, 4_000]);
  });
});
