import { describe, expect, it } from 'vitest';
import { faultSchedule, type ScheduledFault } from './fault-schedule.js';

function first(count: number, seed: number): ScheduledFault[] {
  const schedule = faultSchedule({
    seed,
    longestPauseMs: 500,
    faults: [
      () => ({ kind: 'reset' }),
      (random) => ({ kind: 'stall', ms: Math.round(random() * 1_000) }),
      () => ({ kind: 'trickle', ms: 100 }),
    ],
  });
  return Array.from({ length: count }, () => schedule.next().value);
}

describe('a schedule of faults', () => {
  it('is the same for the same seed, and another for another', () => {
    expect(first(50, 7)).toEqual(first(50, 7));
    expect(first(50, 7)).not.toEqual(first(50, 8));
  });

  it('has every fault in it, at pauses up to the longest', () => {
    const faults = first(200, 1);
    expect(new Set(faults.map(({ fault }) => fault.kind))).toEqual(new Set(['reset', 'stall', 'trickle']));
    const pauses = faults.map(({ afterMs }) => afterMs);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(500);
    expect(Math.max(...pauses) - Math.min(...pauses)).toBeGreaterThan(300);
  });

  it('cannot be made of nothing', () => {
    expect(() => faultSchedule({ seed: 1, faults: [], longestPauseMs: 1 }).next()).toThrow('needs faults');
  });
});
