import { type Clock, systemClock } from '@ctq/runtime';
import type { KeyValueStore } from '../backend/key-value-store.js';
import { casesOf, type ConformanceCase } from '@ctq/runtime/conformance';
import { pause } from './patience.js';
import { comparingCases } from './store/comparing.js';
import { countingCases } from './store/counting.js';
import { findingCases } from './store/finding.js';
import { keepingCases } from './store/keeping.js';
import { StoreScene } from './store-scene.js';

export interface KeyValueStoreConformanceOptions {
  /** A client of the store under test. Cases ask for several; all must see the same entries. */
  readonly create: () => KeyValueStore;
  /** Lent to the store. Default the host's. */
  readonly clock?: Clock;
  /** Lets that time pass, for a clock of one's own. By default it passes by itself. */
  readonly passTime?: (ms: number) => Promise<void>;
  /** How long a case waits for what must happen before it fails. Default 10,000. */
  readonly patienceMs?: number;
}

/**
 * What every key-value store has to do (`KeyValueStore`), as cases for any test runner:
 *
 * ```ts
 * for (const { name, isSupported, run } of keyValueStoreConformance({ create: () => acmeStore(url) })) {
 *   test.skipIf(!isSupported)(name, run);
 * }
 * ```
 */
export function keyValueStoreConformance(options: KeyValueStoreConformanceOptions): readonly ConformanceCase[] {
  const { create, clock = systemClock, passTime = pause, patienceMs = 10_000 } = options;
  const cases = [...keepingCases, ...countingCases, ...comparingCases, ...findingCases];
  return casesOf(cases, create(), () => new StoreScene({ create, clock, passTime, patienceMs }));
}
