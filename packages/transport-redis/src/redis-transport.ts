import { type QueueStore, virtualTransport } from '@ctq/messaging/store';
import type { Transport } from '@ctq/messaging/transport';
import { splitOptions } from '@ctq/redis';
import { readOptions, readQuery, redisConfig, type RedisOptions } from './redis-options.js';
import { RedisQueueStore } from './redis-store.js';
import { Strays, UnbookedQueueStore } from './unbooked-store.js';

/** A consumer that waits pops this often although it was not woken. `Arrivals` looks often enough; this is behind it. */
const pollMs = 600_000;

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
  const strays = new Strays();
  const createStore = (): QueueStore =>
    config.isBooking ? new RedisQueueStore(config) : new UnbookedQueueStore(config, strays);
  return virtualTransport(createStore, {
    pollMs: config.pollMs ?? pollMs,
    queueOrder: config.queueOrder,
    ...(config.deadLetterQueue === undefined ? {} : { deadLetterQueue: config.deadLetterQueue }),
  });
}

/**
 * What URLs of Redis resolve to: `redis:`, `rediss:`, `sentinel:` and others. Options may be in the query of the URL; those given as an object win, and
 * `defaults` stand behind both.
 * @throws ConfigurationError for URLs and options that cannot be used.
 */
export function createTransport(
  url: string,
  options: Readonly<Record<string, unknown>> = {},
  defaults: Readonly<Record<string, unknown>> = {},
): Transport {
  const { url: address, options: query } = splitOptions(url);
  return redis({ ...readOptions(defaults), ...readQuery(query), ...readOptions(options), url: address });
}
