import { describe, expect, test } from 'vitest';
import { publishRetryMs } from './publish-retry.js';

const first = (count: number, policy: Parameters<typeof publishRetryMs>[0]): number[] =>
  Array.from({ length: count }, (_, retries) => publishRetryMs(policy, retries));

describe('waits between attempts to publish', () => {
  test("are Celery's unless given: none, then a fifth of a second more each time, a second at most [MS-055]", () => {
    expect(first(8, {})).toEqual([0, 200, 400, 600, 800, 1_000, 1_000, 1_000]);
  });

  test('end at the last step that is not above the start plus the maximum, as in Kombu [MS-012]', () => {
    expect(first(5, { intervalStart: 2, intervalStep: 2, intervalMax: 5 })).toEqual([
      2_000, 4_000, 6_000, 6_000, 6_000,
    ]);
    expect(first(4, { intervalStart: 0, intervalStep: 0.1, intervalMax: 0.3 })).toEqual([0, 100, 200, 300]);
  });

  test('do not grow without a step', () => {
    expect(first(3, { intervalStart: 1, intervalStep: 0, intervalMax: 10 })).toEqual([1_000, 1_000, 1_000]);
  });
});
