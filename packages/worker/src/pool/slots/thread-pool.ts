import { availableParallelism } from 'node:os';
import type { Pool, PoolContext } from '../pool.js';
import { SlotPool } from './slot-pool.js';
import { startThreadHost } from './thread-host.js';

/** Each task in a thread, one for each core: for work that needs the processor, or that does not keep its time. */
export function threadPool(context: PoolContext): Pool {
  return new SlotPool('threads', context.size ?? availableParallelism(), startThreadHost, context);
}
