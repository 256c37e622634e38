import { OptionReader, RedisServer, redisServerConfig, type RedisServerOptions, serverOptionNames } from '@ctq/redis';
import { assertKnownOptions, camelCaseOptions } from '@ctq/runtime';

/** Options of the Redis result backend and key-value store. */
export interface RedisBackendOptions extends RedisServerOptions {
  /** Celery's `global_keyprefix`: before every key of a result. */
  readonly globalKeyprefix?: string;
  /** An operation that was not answered in time is done once more. Default false: whoever asked for it decides. */
  readonly retryOnTimeout?: boolean;
}

/** Checked, with defaults. */
export interface RedisBackendConfig {
  readonly server: RedisServer;
  readonly globalKeyprefix: string;
  readonly retriesOnTimeout: boolean;
}

const optionNames: readonly string[] = [...serverOptionNames, 'globalKeyprefix', 'retryOnTimeout'];

/** Commands, listening. */
const connections = 2;

/** celery 5.6 app/defaults.py, redis_socket_timeout */
const socketTimeoutMs = 120_000;

/**
 * Options in camelCase or in Celery's spelling, checked.
 * @throws ConfigurationError for names that the backend does not have and values that it cannot use.
 */
export function redisBackendConfig(given: Readonly<Record<string, unknown>>): RedisBackendConfig {
  const options = camelCaseOptions(given);
  assertKnownOptions('redisBackend', options, optionNames);
  const read = new OptionReader('redisBackend', options);
  const globalKeyprefix = read.text('globalKeyprefix') ?? '';
  const defaults = { adapter: 'redisBackend', keyPrefix: globalKeyprefix, connections, socketTimeoutMs };
  return {
    server: new RedisServer(redisServerConfig(options, defaults)),
    globalKeyprefix,
    retriesOnTimeout: read.truth('retryOnTimeout') ?? false,
  };
}
