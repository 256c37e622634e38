import { RedisServer, redisServerConfig, type RedisServerOptions, serverOptionNames } from '@ctq/redis';
import { assertKnownOptions, camelCaseOptions, OptionReader } from '@ctq/runtime';
import type { WriteRetryPolicy } from './write-retries.js';

/** Options of the Redis result backend and key-value store. */
export interface RedisBackendOptions extends RedisServerOptions {
  /** Celery's `global_keyprefix`: before every key of a result. */
  readonly globalKeyprefix?: string;
  /** An operation that was not answered in time is done once more. Default false: whoever asked for it decides. */
  readonly retryOnTimeout?: boolean;
  /**
   * Whether the parts of a chord are kept by their index (default), or false for the order in which they are finished. The same in all programs.
   */
  readonly resultChordOrdered?: boolean;
  /** Repeats writes while Redis is away, before the worker does; Celery's `retry_policy`. Default none: a worker tries again for half a minute. */
  readonly retryPolicy?: WriteRetryPolicy;
}

/** Checked, with defaults. */
export interface RedisBackendConfig {
  readonly server: RedisServer;
  readonly globalKeyprefix: string;
  readonly retriesOnTimeout: boolean;
  readonly resultChordOrdered: boolean;
  readonly retryPolicy?: Required<WriteRetryPolicy>;
}

const optionNames: readonly string[] = [
  ...serverOptionNames,
  ...(['globalKeyprefix', 'retryOnTimeout', 'resultChordOrdered', 'retryPolicy'] as const),
];

/** Commands, listening. */
const connections = 2;

/** celery 5.6 app/defaults.py, redis_socket_timeout */
const socketTimeoutMs = 120_000;

/** What Celery understands here and ctq does not, and what to use instead. */
const refused: Readonly<Record<string, string>> = {
  visibilityTimeout: "is not used here: results have none. Give it to the broker's options.",
  additionalConnectionErrors:
    'is not used here: it names classes of Python, and every error of the connection counts as one. Leave it out.',
};

/** celery 5.6 backends/base.py, Backend.retry_policy. */
const celeryRetries: Required<WriteRetryPolicy> = { maxRetries: 20, intervalStart: 0, intervalStep: 1, intervalMax: 1 };

/**
 * Options in camelCase or in Celery's spelling, checked.
 * @throws ConfigurationError for names that the backend does not have and values that it cannot use.
 */
export function redisBackendConfig(given: Readonly<Record<string, unknown>>): RedisBackendConfig {
  const options = camelCaseOptions(given);
  const read = new OptionReader('redisBackend', options);
  for (const [name, reason] of Object.entries(refused))
    if (Object.hasOwn(options, name)) throw read.refused(name, reason);
  assertKnownOptions('redisBackend', options, optionNames);
  const globalKeyprefix = read.text('globalKeyprefix') ?? '';
  const retryPolicy = read.map('retryPolicy');
  const defaults = { adapter: 'redisBackend', keyPrefix: globalKeyprefix, connections, socketTimeoutMs };
  return {
    server: new RedisServer(redisServerConfig(options, defaults)),
    globalKeyprefix,
    retriesOnTimeout: read.truth('retryOnTimeout') ?? false,
    resultChordOrdered: read.truth('resultChordOrdered') ?? true,
    ...(retryPolicy === undefined ? {} : { retryPolicy: policyOf(retryPolicy, read) }),
  };
}

function policyOf(given: Readonly<Record<string, unknown>>, read: OptionReader): Required<WriteRetryPolicy> {
  const options = camelCaseOptions(given);
  assertKnownOptions('redisBackend.retryPolicy', options, Object.keys(celeryRetries));
  const policy = { ...celeryRetries, ...(options as WriteRetryPolicy) };
  const isNumeric = Object.values(policy).every((value) => typeof value === 'number' && value >= 0);
  if (!isNumeric) throw read.bad('retryPolicy', `an object with numbers from 0 for ${Object.keys(policy).join(', ')}`);
  return policy;
}
