import { virtualTransport } from '@ctq/messaging/store';
import type { Transport } from '@ctq/messaging/transport';
import { splitOptions } from '@ctq/redis';
import { readOptions, readQuery, redisConfig, type RedisOptions } from './redis-options.js';
import { RedisQueueStore } from './redis-store.js';

/** A consumer that waits pops this often although it was not woken. `Arrivals` looks often enough; this is behind it. */
const pollMs = 120_000;

/**
 * Queues in Redis, shared with Celery's Python programs.
 *
 * ```ts
 * const app = new Ctq('shop', { broker: redis({ url: 'redis://localhost:6379/0' }) });
 * ```
 * @throws ConfigurationError for options that it does not have or cannot use.
 */
export function redis(options: RedisOptions = {}): Transport {
  const config = redisConfig(readOptions({ ...options }));
  return virtualTransport(() => new RedisQueueStore(config), {
    pollMs,
    queueOrder: config.takesTurns ? 'round-robin' : 'given',
  });
}

/**
 * What the schemes `redis:` and `rediss:` resolve to. Options may be in the query of the URL; those given as an object win.
 * @throws ConfigurationError for URLs and options that cannot be used.
 */
export function createTransport(url: string, options: Readonly<Record<string, unknown>> = {}): Transport {
  const { url: address, options: query } = splitOptions(url);
  return redis({ ...readQuery(query), ...readOptions(options), url: address });
}
