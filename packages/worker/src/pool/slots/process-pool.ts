import { availableParallelism } from 'node:os';
import type { Pool, PoolContext } from '../pool.js';
import { startProcessHost } from './process-host.js';
import { SlotPool } from './slot-pool.js';

/** Each task in a process, one for each core (Celery's prefork): for code that may take the process down, or leaks. */
export function processPool(context: PoolContext): Pool {
  return new SlotPool('processes', context.size ?? availableParallelism(), startProcessHost, context);
}
