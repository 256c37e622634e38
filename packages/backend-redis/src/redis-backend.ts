import type { KeyValueStore, ResultBackend } from '@ctq/core/backend';
import { splitOptions } from '@ctq/redis';
import { type RedisBackendConfig, redisBackendConfig, type RedisBackendOptions } from './redis-backend-options.js';
import { RedisKeyValueStore } from './redis-key-value-store.js';
import { RedisResultBackend } from './redis-result-backend.js';

/**
 * Results in Redis, which Celery's Python programs read and write too.
 *
 * ```ts
 * const app = new Ctq('shop', { backend: redisBackend({ url: 'redis://localhost:6379/1' }) });
 * ```
 * @throws ConfigurationError for options that it does not have or cannot use.
 */
export function redisBackend(options: RedisBackendOptions = {}): ResultBackend {
  return new RedisResultBackend(redisBackendConfig({ ...options }));
}

/** Keys and values in Redis, for schedules, locks and whatever else is coordinated over a `KeyValueStore`. */
export function redisStore(options: RedisBackendOptions = {}): KeyValueStore {
  return new RedisKeyValueStore(redisBackendConfig({ ...options }));
}

/**
 * What the schemes `redis:` and `rediss:` resolve to. Options may be in the query of the URL; those given as an object win.
 * @throws ConfigurationError for URLs and options that cannot be used.
 */
export function createBackend(url: string, options: Readonly<Record<string, unknown>> = {}): ResultBackend {
  return new RedisResultBackend(configOf(url, options));
}

/** As `createBackend`, for the key-value store. */
export function createStore(url: string, options: Readonly<Record<string, unknown>> = {}): KeyValueStore {
  return new RedisKeyValueStore(configOf(url, options));
}

function configOf(url: string, options: Readonly<Record<string, unknown>>): RedisBackendConfig {
  const { url: address, options: query } = splitOptions(url);
  return redisBackendConfig({ ...query, ...options, url: address });
}
