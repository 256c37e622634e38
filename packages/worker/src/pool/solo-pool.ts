import { MainLoopPool } from './main-loop-pool.js';
import type { Pool, PoolContext } from './pool.js';

/** One task at a time, whatever the concurrency says (celery 5.6 concurrency/solo.py). */
export function soloPool(context: PoolContext): Pool {
  return new MainLoopPool('solo', 1, context, { isFixed: true });
}
