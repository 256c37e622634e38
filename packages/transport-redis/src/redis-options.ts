import {
  RedisServer,
  redisServerConfig,
  type RedisServerConfig,
  type RedisServerOptions,
  serverOptionNames,
} from '@ctq/redis';
import {
  assertKnownOptions,
  camelCaseOptions,
  ConfigurationError,
  type Duration,
  durationMs,
  OptionReader,
} from '@ctq/runtime';
import type { KeySpaceOptions } from './key-space.js';

/**
 * Options of the Redis transport, with Kombu's names in camelCase (kombu 5.6 transport/redis.py, Channel). Kombu's own spelling (`visibility_timeout`) is understood
 * as well, so that Celery's `broker_transport_options` can be taken over.
 */
export interface RedisOptions extends RedisServerOptions {
  /** After how long messages held by a ctq process that fell silent go back to their queues. Default 30 s; a living process renews every third of it. */
  readonly leaseDuration?: Duration;
  /** After how long messages held by a Python worker go back to their queues. As long as in the Python programs. Default an hour. */
  readonly visibilityTimeout?: Duration;
  /** Before every key and channel. */
  readonly globalKeyprefix?: string;
  /** Default `[0, 3, 6, 9]`. The same for all programs of a broker. */
  readonly prioritySteps?: readonly number[];
  /** Between a queue's name and its step. Default `\x06\x16`. */
  readonly sep?: string;
  /** `round_robin` (default): queues take turns. `priority`: the first that is consumed from always goes first. `sorted`: the first by name does. */
  readonly queueOrderStrategy?: 'round_robin' | 'sorted' | 'priority';
  /** Before the channels of fan-out exchanges: true (default) for `/<db>.`, or a text of one's own in which `{db}` is filled in. */
  readonly fanoutPrefix?: boolean | string;
  /** Whether the routing key is part of the channel. Default true. */
  readonly fanoutPatterns?: boolean;
  readonly unackedKey?: string;
  readonly unackedIndexKey?: string;
  readonly unackedMutexKey?: string;
  /** How long one process may keep others from restoring. Default 5 min. */
  readonly unackedMutexExpire?: Duration;
  /** Refused where true: a command without an answer may have been executed, and what was published is tried again by the retry policy. */
  readonly retryOnTimeout?: false;
  /**
   * Whether what is taken is booked on the server (default). False: it is in the memory of its process alone, and is lost with it. The same for all
   * programs of a broker.
   */
  readonly ackEmulation?: boolean;
  /** The most messages of Python workers that one sweep returns. Default all. */
  readonly unackedRestoreLimit?: number;
  /** Messages of Python workers are returned every `unackedRestoreInterval × unackedRestoreThrottle`. Default every third of the lease. */
  readonly unackedRestoreInterval?: Duration;
  readonly unackedRestoreThrottle?: number;
  /** How often queues are looked at although nothing was announced. Default 30 s, and 1 s where the server announces nothing. */
  readonly pollingInterval?: Duration;
  /** Takes messages that no binding leads anywhere; without it they are dropped with a warning. */
  readonly deadletterQueue?: string;
  /** How bodies stand in their envelopes: `base64` (default), or `utf-8` where they are text. */
  readonly bodyEncoding?: 'base64' | 'utf-8';
}

/** Checked, with defaults. */
export interface RedisConfig {
  readonly server: RedisServer;
  readonly leaseMs: number;
  readonly visibilityTimeoutMs: number;
  readonly keys: KeySpaceOptions;
  readonly queueOrder: 'round-robin' | 'given' | 'sorted';
  readonly fanoutPrefix: string;
  readonly fanoutPatterns: boolean;
  readonly unackedMutexMs: number;
  readonly isBooking: boolean;
  readonly restoreLimit?: number;
  readonly restoreEveryMs?: number;
  readonly pollMs?: number;
  readonly deadLetterQueue?: string;
  readonly bodyEncoding: 'base64' | 'utf-8';
}

/** What the keeper thread is given: structured-cloneable. */
export interface PortableConfig extends Pick<RedisConfig, 'leaseMs' | 'keys'> {
  readonly server: RedisServerConfig;
}

const optionNames: readonly string[] = [
  ...serverOptionNames,
  ...(['leaseDuration', 'visibilityTimeout', 'globalKeyprefix', 'prioritySteps', 'sep'] as const),
  ...(['queueOrderStrategy', 'fanoutPrefix', 'fanoutPatterns', 'unackedKey', 'unackedIndexKey'] as const),
  ...(['unackedMutexKey', 'unackedMutexExpire', 'retryOnTimeout'] as const),
  ...(['ackEmulation', 'unackedRestoreLimit', 'unackedRestoreInterval', 'unackedRestoreThrottle'] as const),
  ...(['pollingInterval', 'deadletterQueue', 'bodyEncoding'] as const),
];

/** Commands, listening, and the keeper thread's. */
const connections = 3;

const queueOrders = { round_robin: 'round-robin', priority: 'given', sorted: 'sorted' } as const;

/** Kombu's default of `unacked_restore_interval` in ms, and of `unacked_restore_throttle`: where one of them is given, the other is as it is there. */
const kombuRestores = { everyMs: 10_000, throttle: 10 };

/** Below this a renewal every third would be noise on the server. */
const shortestLeaseMs = 100;

/**
 * Options by either spelling.
 * @throws ConfigurationError for a name that the transport does not have.
 */
export function readOptions(given: Readonly<Record<string, unknown>>): RedisOptions {
  const options = camelCaseOptions(given);
  assertKnownOptions('redis', options, optionNames);
  return options;
}

/** Options as a URL's query has them: numbers of seconds, `true` and `false`, and lists separated by commas are texts there. */
export function readQuery(query: Readonly<Record<string, string>>): RedisOptions {
  const values = Object.entries(query).map(([name, text]) => [name, queryValue(name, text)]);
  return readOptions(Object.fromEntries(values) as Record<string, unknown>);
}

function queryValue(name: string, text: string): unknown {
  if (/steps$/i.test(name)) return text.split(',').map(Number);
  if (text === 'true' || text === 'false') return text === 'true';
  return /(?:timeout|duration|expire|interval|limit|throttle)$/i.test(name) && /^\d+(?:\.\d+)?$/.test(text)
    ? Number(text)
    : text;
}

/** @throws ConfigurationError for values that cannot be used. */
export function redisConfig(options: RedisOptions): RedisConfig {
  const read = new OptionReader('redis', { ...options });
  if (read.truth('retryOnTimeout') === true)
    throw read.refused(
      'retryOnTimeout',
      'cannot be true: a command without an answer may have been executed. What was published is tried again by the retry policy.',
    );
  const prioritySteps = [...(options.prioritySteps ?? [0, 3, 6, 9])].sort((a, b) => a - b);
  if (prioritySteps.length === 0 || !prioritySteps.every((step) => Number.isInteger(step) && step >= 0 && step <= 9))
    throw badOption('prioritySteps', 'a list of whole numbers from 0 to 9');
  const sep = options.sep ?? '\x06\x16';
  if (typeof sep !== 'string' || sep === '') throw badOption('sep', 'a text that stands in no name of a queue');
  const leaseMs = durationOf('leaseDuration', options.leaseDuration ?? '30s', shortestLeaseMs);
  const { fanoutPrefix = true } = options;
  const prefix = options.globalKeyprefix ?? '';
  return {
    server: new RedisServer(redisServerConfig({ ...options }, { adapter: 'redis', keyPrefix: prefix, connections })),
    leaseMs,
    visibilityTimeoutMs: durationOf('visibilityTimeout', options.visibilityTimeout ?? '1h', 1_000),
    keys: {
      prefix,
      prioritySteps,
      separator: sep,
      unackedKey: options.unackedKey ?? 'unacked',
      unackedIndexKey: options.unackedIndexKey ?? 'unacked_index',
      unackedMutexKey: options.unackedMutexKey ?? 'unacked_mutex',
    },
    queueOrder: queueOrderOf(options),
    fanoutPrefix: fanoutPrefix === true ? '/{db}.' : fanoutPrefix === false ? '' : fanoutPrefix,
    fanoutPatterns: options.fanoutPatterns ?? true,
    unackedMutexMs: durationOf('unackedMutexExpire', options.unackedMutexExpire ?? '5m', 1_000),
    isBooking: flagOf('ackEmulation', options.ackEmulation ?? true),
    ...restoringOf(options),
    ...(options.pollingInterval === undefined
      ? {}
      : { pollMs: durationOf('pollingInterval', options.pollingInterval, 1) }),
    ...(options.deadletterQueue === undefined ? {} : { deadLetterQueue: options.deadletterQueue }),
    bodyEncoding: bodyEncodingOf(options),
  };
}

function queueOrderOf({ queueOrderStrategy = 'round_robin' }: RedisOptions): RedisConfig['queueOrder'] {
  if (Object.hasOwn(queueOrders, queueOrderStrategy)) return queueOrders[queueOrderStrategy];
  throw badOption('queueOrderStrategy', "'round_robin', 'priority' or 'sorted'");
}

function bodyEncodingOf({ bodyEncoding = 'base64' }: RedisOptions): RedisConfig['bodyEncoding'] {
  if (bodyEncoding === 'base64' || bodyEncoding === 'utf-8') return bodyEncoding;
  throw badOption('bodyEncoding', "'base64' or 'utf-8'");
}

function restoringOf(options: RedisOptions): Pick<RedisConfig, 'restoreLimit' | 'restoreEveryMs'> {
  const { unackedRestoreLimit: limit, unackedRestoreInterval: interval, unackedRestoreThrottle: throttle } = options;
  if (limit !== undefined && !(Number.isInteger(limit) && limit > 0))
    throw badOption('unackedRestoreLimit', 'a whole number above 0');
  if (throttle !== undefined && !(Number.isInteger(throttle) && throttle > 0))
    throw badOption('unackedRestoreThrottle', 'a whole number above 0');
  const everyMs = interval === undefined ? kombuRestores.everyMs : durationOf('unackedRestoreInterval', interval, 100);
  return {
    ...(limit === undefined ? {} : { restoreLimit: limit }),
    ...(interval === undefined && throttle === undefined
      ? {}
      : { restoreEveryMs: everyMs * (throttle ?? kombuRestores.throttle) }),
  };
}

function flagOf(name: keyof RedisOptions, value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  throw badOption(name, 'true or false');
}

function durationOf(name: keyof RedisOptions, value: Duration, atLeastMs: number): number {
  const ms = durationMs(value);
  if (!(ms >= atLeastMs)) throw badOption(name, `a duration of at least ${atLeastMs} ms`);
  return ms;
}

function badOption(name: keyof RedisOptions, expected: string): ConfigurationError {
  return new ConfigurationError('CTQ_BAD_OPTION', `redis: '${name}' must be ${expected}.`, {
    details: { option: name },
  });
}
