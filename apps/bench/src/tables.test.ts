import { expect, test } from 'vitest';
import type { Figure } from './measure.js';
import { tables } from './tables.js';

const figure = (row: string, column: string, given: Partial<Figure>): Figure => ({
  ...{ name: `${column}, ${row}`, unit: 's', value: Number.NaN, cell: { table: 'times', row: [row], column } },
  ...given,
});

test('Figures with a place stand in tables, with what is expected of them below', () => {
  const figures: readonly Figure[] = [
    { name: 'in no table', unit: 'ms', value: 7 },
    figure('chord', 'time', { value: 3, expected: { atMost: 2 } }),
    figure('chord', 'tasks', { value: 1_000, unit: '' }),
    figure('chain', 'time', { absent: 'not finished' }),
    figure('chain', 'tasks', { absent: 'not finished', unit: '' }),
  ];
  expect(tables(figures, ({ value }) => String(value))).toBe(`
times

|       |      time, s | tasks |
| ----- | -----------: | ----: |
| chord |            3 |  1000 |
| chain | not finished |       |

time, chord: above the expected 2
`);
});
