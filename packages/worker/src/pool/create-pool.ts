import { ConfigurationError } from '@ctq/runtime';
import { asyncPool } from './async-pool.js';
import type { PoolFactory } from './pool.js';
import { processPool } from './slots/process-pool.js';
import { threadPool } from './slots/thread-pool.js';
import { soloPool } from './solo-pool.js';

const pools: Readonly<Record<string, PoolFactory>> = {
  async: asyncPool,
  solo: soloPool,
  threads: threadPool,
  processes: processPool,
};
/** With Celery's names: pools of green threads are what async is here. */
const known: Readonly<Record<string, PoolFactory>> = {
  ...pools,
  eventlet: asyncPool,
  gevent: asyncPool,
  prefork: processPool,
};

/** The pools that are there by name. @throws ConfigurationError for one that is not. */
export function poolNamed(name: string): PoolFactory {
  const found = Object.hasOwn(known, name) ? known[name] : undefined;
  if (found !== undefined) return found;
  throw new ConfigurationError(
    'CTQ_UNKNOWN_POOL',
    `There is no pool '${name}' in this version. Use ${Object.keys(pools).join(' or ')}, or give the worker a pool of your own.`,
    { details: { pool: name } },
  );
}
