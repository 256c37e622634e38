import { assertKnownOptions, camelCaseOptions, ConfigurationError, type Duration, durationMs } from '@ctq/runtime';
import type { WriteRetryPolicy } from './write-retries.js';

/** Options of the Redis result backend and key-value store. */
export interface RedisBackendOptions {
  /** `redis://user:password@host:6379/1`, `rediss://…` for TLS. Default `redis://localhost:6379/0`. */
  readonly url?: string;
  /** Celery's `global_keyprefix`: before every key of a result. */
  readonly globalKeyprefix?: string;
  /**
   * Whether the parts of a chord are kept by their index (default), or false for the order in which they are finished. The same in all programs.
   */
  readonly resultChordOrdered?: boolean;
  /** Repeats writes while Redis is away, before the worker does; Celery's `retry_policy`. Default none: a worker tries again for half a minute. */
  readonly retryPolicy?: WriteRetryPolicy;
  /** How long an attempt to connect may take. Default 5 s. */
  readonly connectTimeout?: Duration;
}

export interface RedisBackendConfig {
  readonly url: string;
  readonly globalKeyprefix: string;
  readonly resultChordOrdered: boolean;
  readonly retryPolicy?: Required<WriteRetryPolicy>;
  readonly connectTimeoutMs: number;
}

const optionNames: readonly (keyof RedisBackendOptions)[] = [
  ...(['url', 'globalKeyprefix', 'connectTimeout'] as const),
  ...(['resultChordOrdered', 'retryPolicy'] as const),
];

/** What Celery understands here and ctq does not, and what to use instead. */
const refused: Readonly<Record<string, string>> = {
  visibilityTimeout: "results have none: give 'visibilityTimeout' to the broker",
  additionalConnectionErrors: 'it names classes of Python; every error of the connection counts as one here',
};

/** celery 5.6 backends/base.py, Backend.retry_policy. */
const celeryRetries: Required<WriteRetryPolicy> = { maxRetries: 20, intervalStart: 0, intervalStep: 1, intervalMax: 1 };

/**
 * Options in camelCase or in Celery's spelling, checked.
 * @throws ConfigurationError for names that the backend does not have and values that it cannot use.
 */
export function redisBackendConfig(given: Readonly<Record<string, unknown>>): RedisBackendConfig {
  const options = camelCaseOptions(given);
  for (const name of Object.keys(options)) {
    if (Object.hasOwn(refused, name)) throw badOption(name, `is not used here: ${refused[name]}. Leave it out`);
  }
  assertKnownOptions('redisBackend', options, optionNames);
  const {
    url = 'redis://localhost:6379/0',
    globalKeyprefix = '',
    connectTimeout = '5s',
    retryPolicy,
  } = options as RedisBackendOptions;
  return {
    url,
    globalKeyprefix,
    resultChordOrdered: flagOf('resultChordOrdered', options.resultChordOrdered ?? true),
    ...(retryPolicy === undefined ? {} : { retryPolicy: policyOf(retryPolicy) }),
    connectTimeoutMs: durationMs(isNumber(connectTimeout) ? Number(connectTimeout) : connectTimeout),
  };
}

/** True and false, which a URL's query has as text. */
function flagOf(name: string, value: unknown): boolean {
  if (value === true || value === 'true') return true;
  if (value === false || value === 'false') return false;
  throw badOption(name, 'must be true or false');
}

function policyOf(given: unknown): Required<WriteRetryPolicy> {
  if (typeof given !== 'object' || given === null) throw badOption('retryPolicy', 'must be an object');
  const options = camelCaseOptions(given as Record<string, unknown>);
  assertKnownOptions('redisBackend.retryPolicy', options, Object.keys(celeryRetries));
  const policy = { ...celeryRetries, ...(options as WriteRetryPolicy) };
  const isNumeric = Object.values(policy).every((value) => typeof value === 'number' && value >= 0);
  if (!isNumeric)
    throw badOption('retryPolicy', `must have numbers of 0 and more for ${Object.keys(policy).join(', ')}`);
  return policy;
}

function badOption(name: string, problem: string): ConfigurationError {
  return new ConfigurationError('CTQ_BAD_OPTION', `redisBackend: '${name}' ${problem}.`, { details: { option: name } });
}

/** A number of seconds, which a URL's query has as text. */
function isNumber(value: Duration): boolean {
  return typeof value === 'string' && /^\d+(?:\.\d+)?$/.test(value);
}
