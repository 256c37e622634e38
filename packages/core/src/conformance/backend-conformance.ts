import { type Clock, systemClock } from '@ctq/runtime';
import type { BackendBroker, ResultBackend } from '../backend/result-backend.js';
import { groupingCases } from './backend/grouping.js';
import { joiningCases } from './backend/joining.js';
import { storingCases } from './backend/storing.js';
import { tellingCases } from './backend/telling.js';
import { BackendScene } from './backend-scene.js';
import { casesOf, type ConformanceCase } from '@ctq/runtime/conformance';
import { pause } from './patience.js';

export interface ResultBackendConformanceOptions {
  /** A client of the store under test. Cases ask for several; all must see the same results. */
  readonly create: () => ResultBackend;
  /** Lent to each client, for backends whose results are messages: an app's broker, with an address of its own each time. */
  readonly broker?: () => BackendBroker;
  /** Lent to the backend. Default the host's. */
  readonly clock?: Clock;
  /** Lets that time pass, for a clock of one's own. By default it passes by itself. */
  readonly passTime?: (ms: number) => Promise<void>;
  /** How long a case waits for what must happen before it fails. Default 10,000. */
  readonly patienceMs?: number;
}

/**
 * What every result backend has to do (`ResultBackend`), as cases for any test runner:
 *
 * ```ts
 * for (const { name, isSupported, run } of resultBackendConformance({ create: () => redisBackend(url) })) {
 *   test.skipIf(!isSupported)(name, run);
 * }
 * ```
 */
export function resultBackendConformance(options: ResultBackendConformanceOptions): readonly ConformanceCase[] {
  const { create, broker, clock = systemClock, passTime = pause, patienceMs = 10_000 } = options;
  const cases = [...storingCases, ...tellingCases, ...groupingCases, ...joiningCases];
  return casesOf(cases, create(), () => new BackendScene({ create, broker, clock, passTime, patienceMs }));
}
