import { type Clock, systemClock } from '@ctq/runtime';
import type { Transport } from '../transport/transport.js';
import { casesOf, type ConformanceCase } from '@ctq/runtime/conformance';
import { connectionLossCases } from './transport/connection-loss.js';
import { consumingCases } from './transport/consuming.js';
import { delayCases } from './transport/delay.js';
import { lifecycleCases } from './transport/lifecycle.js';
import { lostMailboxCases, mailboxCases } from './transport/mailbox.js';
import { orderingCases } from './transport/ordering.js';
import { prefetchCases } from './transport/prefetch.js';
import { routingCases } from './transport/routing.js';
import { settlingCases } from './transport/settling.js';
import { stormCases } from './transport/storm.js';
import { topologyCases } from './transport/topology.js';
import { TransportScene } from './transport-scene.js';

export interface TransportConformanceOptions {
  /** A transport to the broker under test. Each case asks for one; all must lead to the same queues. */
  readonly create: () => Transport;
  /**
   * Ends every connection to the broker and makes it reachable again, with what `supports.durability` promises still in it. Adds the
   * cases of a lost connection.
   */
  readonly restart?: () => Promise<void>;
  /** Lent to the transport. Default the host's. */
  readonly clock?: Clock;
  /** How long a case waits for what must happen before it fails. Default 10,000. */
  readonly patienceMs?: number;
}

/**
 * What every transport has to do (`Transport`, `Channel`, `Delivery`), as cases for any test runner:
 *
 * ```ts
 * for (const { name, isSupported, run } of transportConformance({ create: () => redisTransport(url) })) {
 *   test.skipIf(!isSupported)(name, run);
 * }
 * ```
 */
export function transportConformance(options: TransportConformanceOptions): readonly ConformanceCase[] {
  const { create, restart, clock = systemClock, patienceMs = 10_000 } = options;
  const cases = [
    ...lifecycleCases,
    ...topologyCases,
    ...routingCases,
    ...consumingCases,
    ...settlingCases,
    ...prefetchCases,
    ...orderingCases,
    ...delayCases,
    ...mailboxCases,
    ...stormCases,
    ...(restart === undefined ? [] : [...connectionLossCases(restart), ...lostMailboxCases(restart)]),
  ];
  return casesOf(cases, create().supports, () => new TransportScene({ create, clock, patienceMs }));
}
