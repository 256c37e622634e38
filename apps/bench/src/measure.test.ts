import { describe, expect, test } from 'vitest';
import { type Figure, medianOf, multiples, verdict } from './measure.js';

const rate = (name: string, value: number): Figure => ({ name, value, unit: 'tasks/s' });

describe('Figures of a benchmark', () => {
  test('are the median of their rounds, each told which it is', async () => {
    const rounds = [30, 10, 20];
    expect(await medianOf(3, async (round) => [rate('a', rounds[round] ?? Number.NaN)])).toEqual([rate('a', 20)]);
  });

  test('have none where one of the rounds has none', async () => {
    const missing = { ...rate('a', Number.NaN), absent: 'not finished' };
    expect(await medianOf(3, async (round) => [round === 1 ? missing : rate('a', 7)])).toEqual([missing]);
  });

  test('are multiples of the figures beside them, of those that were measured', () => {
    const figure = { ...rate('a', 300), beside: { B: 'no-op: B', C: 'no-op: C' } };
    expect(multiples(figure, [figure, rate('no-op: B', 100)])).toEqual({ B: 3 });
  });

  test('are held against what is expected, or say why there is none', () => {
    expect(verdict({ ...rate('a', 9), expected: { atLeast: 10 } })).toBe('below the expected 10');
    expect(verdict({ ...rate('a', 11), expected: { atMost: 10 } })).toBe('above the expected 10');
    expect(verdict({ ...rate('a', 10), expected: { atLeast: 10 } })).toBe('as expected');
    expect(verdict({ ...rate('a', Number.NaN), absent: 'only in the other' })).toBe('only in the other');
  });
});
