import { describe, expect, test } from 'vitest';
import { percentile, slope } from './statistics.js';

describe('A percentile', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);

  test.each([
    [0.5, 50],
    [0.99, 99],
    [1, 100],
  ])('that %s of all are not above', (part, value) => {
    expect(percentile(hundred, part)).toBe(value);
  });

  test('of one value is that, of none is no number', () => {
    expect(percentile([7], 0.5)).toBe(7);
    expect(percentile([], 0.5)).toBeNaN();
  });
});

test('The slope is that of the line through points that are on one, and of the nearest where they are not', () => {
  expect(slope([0, 1, 2, 3].map((x) => [x, 2 * x + 5] as const))).toBeCloseTo(2);
  expect(slope([0, 1, 2, 3].map((x) => [x, x % 2 === 0 ? 1 : -1] as const))).toBeCloseTo(-0.4);
});
