import { type Clock, systemClock } from '@ctq/runtime';
import type { QueueStore } from '../store/queue-store.js';
import { casesOf, type ConformanceCase } from '@ctq/runtime/conformance';
import { leasingCases } from './store/leasing.js';
import { parkingCases } from './store/parking.js';
import { pushingAndPoppingCases } from './store/pushing-and-popping.js';
import { storeSettlingCases } from './store/settling.js';
import { sharingTopologyCases } from './store/sharing-topology.js';
import { waitingCases } from './store/waiting.js';
import { StoreScene } from './store-scene.js';

export interface QueueStoreConformanceOptions {
  /** A store that is not open yet. Called several times for each case; all must lead to the same queues. Give leases a short duration. */
  readonly create: () => QueueStore;
  /** Lent to the stores. Default the host's. */
  readonly clock?: Clock;
  /** Lets time pass on that clock. Default: really waits. */
  readonly passTime?: (ms: number) => Promise<void>;
  /** How long a case waits for what must happen before it fails. Default 10,000. */
  readonly patienceMs?: number;
}

/**
 * What every queue store has to do (`QueueStore`), as cases for any test runner. Its transport is tested beside it with
 * `transportConformance({ create: () => virtualTransport(createStore) })`.
 */
export function queueStoreConformance(options: QueueStoreConformanceOptions): readonly ConformanceCase[] {
  const {
    create,
    clock = systemClock,
    passTime = (ms: number) => systemClock.sleep(ms),
    patienceMs = 10_000,
  } = options;
  const cases = [
    ...pushingAndPoppingCases,
    ...storeSettlingCases,
    ...parkingCases,
    ...waitingCases,
    ...leasingCases,
    ...sharingTopologyCases,
  ];
  return casesOf(cases, create(), () => new StoreScene({ create, clock, passTime, patienceMs }));
}
