import type { Fault } from './fault.js';
import { seededRandom } from './seeded-random.js';

/** A fault, and how long after the end of the one before. */
export interface ScheduledFault {
  readonly afterMs: number;
  readonly fault: Fault;
}

export interface FaultScheduleOptions {
  /** The same seed gives the same faults in the same order. */
  readonly seed: number;
  /** What may happen: each makes a fault of some random numbers in [0, 1). All are equally likely. */
  readonly faults: readonly ((random: () => number) => Fault)[];
  /** The longest time between two faults; each is at random up to it. */
  readonly longestPauseMs: number;
}

/** Faults without end, at random moments. */
export function* faultSchedule({
  seed,
  faults,
  longestPauseMs,
}: FaultScheduleOptions): Generator<ScheduledFault, never> {
  const random = seededRandom(seed);
  if (faults.length === 0) throw new TypeError('A schedule needs faults to choose from.');
  for (;;) {
    const afterMs = Math.round(random() * longestPauseMs);
    const make = faults[Math.floor(random() * faults.length)];
    if (make !== undefined) yield { afterMs, fault: make(random) };
  }
}
