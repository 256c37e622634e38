import type { KeyValueStore, ResultBackend } from '@ctq/core/backend';
import { splitOptions } from '@ctq/redis';
import { camelCaseOptions } from '@ctq/runtime';
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

/** Keys and values in Redis, for schedules, locks and whatever else is coordinated over a `KeyValueStore`; all of them under `globalKeyprefix`. */
export function redisStore(options: RedisBackendOptions = {}): KeyValueStore {
  return storeOf(redisBackendConfig({ ...options }));
}

/**
 * What URLs of Redis resolve to: `redis:`, `rediss:`, `sentinel:` and others. Options may be in the query of the URL; those given as an object win, and
 * `defaults` stand behind both.
 * @throws ConfigurationError for URLs and options that cannot be used.
 */
export function createBackend(url: string, options: Options = {}, defaults: Options = {}): ResultBackend {
  return new RedisResultBackend(configOf(url, options, defaults));
}

/** As `createBackend`, for the key-value store. */
export function createStore(url: string, options: Options = {}, defaults: Options = {}): KeyValueStore {
  return storeOf(configOf(url, options, defaults));
}

type Options = Readonly<Record<string, unknown>>;

function storeOf(config: RedisBackendConfig): KeyValueStore {
  return new RedisKeyValueStore(config, config.globalKeyprefix);
}

function configOf(url: string, options: Options, defaults: Options): RedisBackendConfig {
  // Celery's bare `redis` is what settings say alone; of a URL, no path is database 0 (celery 5.6 backends/redis.py, _params_from_url).
  const isBare = !url.includes('://');
  const { url: address, options: query } = splitOptions(isBare ? `${url}://` : url);
  const { db, ...others } = camelCaseOptions(defaults);
  return redisBackendConfig({
    ...others,
    ...(isBare && db !== undefined ? { db } : {}),
    ...camelCaseOptions(query),
    ...camelCaseOptions(options),
    url: address,
  });
}
