import type { Ctq } from '@ctq/core';
import type { Pool } from '../pool/pool.js';
import type { WorkerOptions } from '../worker-options.js';

/** Of short tasks a pool that takes some ahead gets through so many between two answers of the broker. */
const smallBatch = 100;

/** How far a worker may look ahead. */
export interface PrefetchLimits {
  /** The most to hold, in multiples of the concurrency; 0 for no limit, 1 for what can start and nothing more. */
  readonly multiplier: number;
  /** As many short tasks may be held in any case, where more than can start may be. */
  readonly smallBatch: number;
}

/**
 * A multiplier that somebody gave is the limit that it is in Celery. By default a pool of a few slots may hold a small batch of short tasks: four times two
 * would have it wait for the broker most of the time.
 */
export function prefetchLimits(
  app: Ctq,
  { prefetchMultiplier: given, fair }: WorkerOptions,
  pool: Pool,
): PrefetchLimits {
  const { workerDisablePrefetch, workerPrefetchMultiplier } = app.settings;
  if (workerDisablePrefetch) return { multiplier: 1, smallBatch: 0 };
  const isGiven = given !== undefined || 'workerPrefetchMultiplier' in app.conf.table();
  const batches = !isGiven && fair !== true && pool.takesAhead !== undefined;
  return { multiplier: given ?? workerPrefetchMultiplier, smallBatch: batches ? smallBatch : 0 };
}
