import { MainLoopPool } from './main-loop-pool.js';
import type { Pool, PoolContext } from './pool.js';

/** Waiting tasks cost memory only; a hundred of them keep most databases and HTTP services busy. */
const defaultConcurrency = 100;

/** The default: many async functions at the same time in the worker's own event loop. */
export function asyncPool(context: PoolContext): Pool {
  return new MainLoopPool('async', context.size ?? defaultConcurrency, context);
}
