import { ConfigurationError } from '@ctq/runtime';
import { asyncPool } from './async-pool.js';
import type { PoolFactory } from './pool.js';
import { soloPool } from './solo-pool.js';

const pools: Readonly<Record<string, PoolFactory>> = { async: asyncPool, solo: soloPool };
/** Celery's pools of green threads are what async is here. */
const aliases: Readonly<Record<string, PoolFactory>> = { eventlet: asyncPool, gevent: asyncPool };

/** The pools that are there by name. @throws ConfigurationError for one that is not. */
export function poolNamed(name: string): PoolFactory {
  const known = { ...pools, ...aliases };
  const found = Object.hasOwn(known, name) ? known[name] : undefined;
  if (found !== undefined) return found;
  throw new ConfigurationError(
    'CTQ_UNKNOWN_POOL',
    `There is no pool '${name}' in this version. Use ${Object.keys(pools).join(' or ')}, or give the worker a pool of your own.`,
    { details: { pool: name } },
  );
}
