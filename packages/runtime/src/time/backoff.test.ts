import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type BackoffOptions, backoffMs } from './backoff.js';

const waits = (options: BackoffOptions): number[] => [0, 1, 2, 3, 4, 5].map((attempt) => backoffMs(attempt, options));

describe('Back-off', () => {
  test('doubles from the first wait up to the longest', () => {
    expect(waits({ firstMs: 100, maxMs: 1_000, jitter: 'none' })).toEqual([100, 200, 400, 800, 1_000, 1_000]);
  });

  test('grows by another factor', () => {
    expect(waits({ firstMs: 1, maxMs: 1_000, factor: 3, jitter: 'none' })).toEqual([1, 3, 9, 27, 81, 243]);
  });

  test('does not grow by a factor of one', () => {
    expect(waits({ firstMs: 5, maxMs: 1_000, factor: 1, jitter: 'none' })).toEqual([5, 5, 5, 5, 5, 5]);
  });

  test('spreads fully between nothing and the whole wait', () => {
    expect(waits({ firstMs: 100, maxMs: 1_000, random: () => 0 })).toEqual([0, 0, 0, 0, 0, 0]);
    expect(waits({ firstMs: 100, maxMs: 1_000, random: () => 0.5 })).toEqual([50, 100, 200, 400, 500, 500]);
  });

  test('spreads equally between half and the whole wait', () => {
    expect(waits({ firstMs: 100, maxMs: 1_000, jitter: 'equal', random: () => 0 })).toEqual([
      50, 100, 200, 400, 500, 500,
    ]);
    expect(waits({ firstMs: 100, maxMs: 1_000, jitter: 'equal', random: () => 0.5 })).toEqual([
      75, 150, 300, 600, 750, 750,
    ]);
  });

  test('of nothing stays nothing after any number of attempts', () => {
    expect(backoffMs(100_000, { firstMs: 0, maxMs: 1_000, jitter: 'none' })).toBe(0);
  });

  test('is a finite wait within its bounds after any number of attempts', () => {
    const options = fc.record({
      firstMs: fc.double({ min: 0, max: 1e6, noNaN: true }),
      maxMs: fc.oneof(fc.double({ min: 0, max: 1e9, noNaN: true }), fc.constant(Number.POSITIVE_INFINITY)),
      factor: fc.double({ min: 1, max: 10, noNaN: true }),
      jitter: fc.constantFrom('full' as const, 'equal' as const, 'none' as const),
    });
    const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(fc.nat(), options, random, (attempt, given, picked) => {
        const wait = backoffMs(attempt, { ...given, random: () => picked });
        expect(Number.isFinite(wait)).toBe(true);
        expect(wait).toBeGreaterThanOrEqual(0);
        expect(wait).toBeLessThanOrEqual(given.maxMs);
      }),
    );
  });
});
