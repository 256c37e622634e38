import { assertKnownOptions, camelCaseOptions, type Duration, durationMs } from '@ctq/runtime';

/** Options of the Redis result backend and key-value store. */
export interface RedisBackendOptions {
  /** `redis://user:password@host:6379/1`, `rediss://…` for TLS. Default `redis://localhost:6379/0`. */
  readonly url?: string;
  /** Celery's `global_keyprefix`: before every key of a result. */
  readonly globalKeyprefix?: string;
  /** How long an attempt to connect may take. Default 5 s. */
  readonly connectTimeout?: Duration;
}

export interface RedisBackendConfig {
  readonly url: string;
  readonly globalKeyprefix: string;
  readonly connectTimeoutMs: number;
}

const optionNames: readonly (keyof RedisBackendOptions)[] = ['url', 'globalKeyprefix', 'connectTimeout'];

/**
 * Options in camelCase or in Celery's spelling, checked.
 * @throws ConfigurationError for names that the backend does not have and values that it cannot use.
 */
export function redisBackendConfig(given: Readonly<Record<string, unknown>>): RedisBackendConfig {
  const options = camelCaseOptions(given);
  assertKnownOptions('redisBackend', options, optionNames);
  const {
    url = 'redis://localhost:6379/0',
    globalKeyprefix = '',
    connectTimeout = '5s',
  } = options as RedisBackendOptions;
  return {
    url,
    globalKeyprefix,
    connectTimeoutMs: durationMs(isNumber(connectTimeout) ? Number(connectTimeout) : connectTimeout),
  };
}

/** A number of seconds, which a URL's query has as text. */
function isNumber(value: Duration): boolean {
  return typeof value === 'string' && /^\d+(?:\.\d+)?$/.test(value);
}
