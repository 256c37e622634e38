import {
  defaultPublishRetryPolicy,
  type FailoverFunction,
  type FailoverStrategy,
  type PublishRetryPolicy,
} from '@ctq/messaging';
import { durationMs } from '@ctq/runtime';
import { type DeliveryModeName, mismatch, type SettingType } from './setting.js';

export type { DeliveryModeName } from './setting.js';

/** Options of something that ctq does not look into. */
export type Options = Readonly<Record<string, unknown>>;

/** `true or false`; as text also Celery's words (celery 5.6 utils/serialization.py, strtobool). */
export const truth: SettingType<boolean> = {
  expected: 'true or false',
  parse: (value) => (typeof value === 'boolean' ? value : mismatch),
  parseText(text) {
    if (/^(?:true|yes|1|on)$/i.test(text)) return true;
    return /^(?:false|no|0|off)$/i.test(text) ? false : mismatch;
  },
};

export const text: SettingType<string> = {
  expected: 'a text',
  parse: (value) => (typeof value === 'string' ? value : mismatch),
};

/** The name of a queue made of another's. Without the placeholder nobody could tell whose a message is. */
export const quarantinePattern: SettingType<string> = {
  expected: "a text with {queue} and more in it, such as '{queue}.dlq'",
  parse: (value) => (typeof value === 'string' && value.includes('{queue}') && value !== '{queue}' ? value : mismatch),
};

export const secret: SettingType<string | Uint8Array> = {
  expected: 'a text or bytes',
  parse: (value) => (typeof value === 'string' || value instanceof Uint8Array ? value : mismatch),
};

const number: SettingType<number> = {
  expected: 'a number',
  parse: (value) => (typeof value === 'number' && !Number.isNaN(value) ? value : mismatch),
  parseText: (value) => number.parse(readNumber(value)),
};

/** A whole number from `min` to `max`. */
export function integer(min: number, max: number = Number.MAX_SAFE_INTEGER): SettingType<number> {
  const parse = (value: unknown): number | typeof mismatch =>
    typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max ? value : mismatch;
  return {
    expected: max === Number.MAX_SAFE_INTEGER ? `a whole number from ${min}` : `a whole number from ${min} to ${max}`,
    parse,
    parseText: (value) => parse(readNumber(value)),
  };
}

/** How often: a whole number, or Infinity. */
export const count: SettingType<number> = {
  expected: 'a whole number from 0, or Infinity',
  parse: (value) => (value === Number.POSITIVE_INFINITY ? value : integer(0).parse(value)),
  parseText: (value) => count.parse(readNumber(value)),
};

/** Retries where Celery takes None and 0 for no limit. */
export const retries: SettingType<number> = {
  expected: 'a whole number from 0, or null for no limit',
  parse(value) {
    const found = count.parse(value ?? 0);
    return found === 0 ? Number.POSITIVE_INFINITY : found;
  },
  parseText: (value) => retries.parse(readNumber(value)),
};

/** Becomes seconds. */
export const duration: SettingType<number> = {
  expected: "a number of seconds from 0, or a text such as '250ms', '10s', '5m', '2h'",
  parse(value) {
    if (typeof value !== 'number' && typeof value !== 'string') return mismatch;
    try {
      const ms = durationMs(value);
      return ms >= 0 ? ms / 1_000 : mismatch;
    } catch {
      return mismatch;
    }
  },
  parseText: (value) => duration.parse(Number.isNaN(readNumber(value)) ? value : readNumber(value)),
};

export const textList: SettingType<readonly string[]> = {
  expected: 'a list of texts',
  parse: (value) => (Array.isArray(value) && value.every((item) => typeof item === 'string') ? value : mismatch),
  parseText: (value) =>
    value
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== ''),
};

/** A URL, or several to fail over to; they are joined with `;` as Kombu does. */
export const urls: SettingType<string> = {
  expected: 'a URL or a list of URLs',
  parse(value) {
    if (typeof value === 'string') return value;
    const list = textList.parse(value);
    return list === mismatch ? mismatch : list.join(';');
  },
};

export const failover: SettingType<FailoverStrategy<string>> = {
  expected: "'round-robin', 'shuffle' or a function",
  parse(value) {
    if (value === 'round-robin' || value === 'shuffle') return value;
    return typeof value === 'function' ? (value as FailoverFunction<string>) : mismatch;
  },
};

export const options: SettingType<Options> = {
  expected: 'an object',
  parse: (value) => (isOptions(value) ? value : mismatch),
  parseText(value) {
    try {
      return options.parse(JSON.parse(value));
    } catch {
      return mismatch;
    }
  },
};

export const truthOrOptions: SettingType<boolean | Options> = {
  expected: 'true, false or an object',
  parse: (value) => (typeof value === 'boolean' || isOptions(value) ? value : mismatch),
  parseText: (value) =>
    value.trim().startsWith('{') ? (options.parseText?.(value) ?? mismatch) : (truth.parseText?.(value) ?? mismatch),
};

export const truthOrTextList: SettingType<boolean | readonly string[]> = {
  expected: 'true, false or a list of texts',
  parse: (value) => (typeof value === 'boolean' ? value : textList.parse(value)),
  parseText(value) {
    const found = truth.parseText?.(value) ?? mismatch;
    return found === mismatch ? (textList.parseText?.(value) ?? mismatch) : found;
  },
};

export const anything: SettingType<unknown> = {
  expected: 'anything',
  parse: (value) => value ?? undefined,
};

export function oneOf<const T extends string | number>(...values: readonly T[]): SettingType<T> {
  const parse = (value: unknown): T | typeof mismatch => values.find((known) => known === value) ?? mismatch;
  return {
    expected: `one of ${values.map((value) => (typeof value === 'string' ? `'${value}'` : value)).join(', ')}`,
    parse,
    parseText: (value) => values.find((known) => String(known) === value) ?? mismatch,
  };
}

/** `null`, which is Python's None, or a value of the type. */
export function optional<T>(type: SettingType<T>): SettingType<T | undefined> {
  const { parseText } = type;
  return {
    expected: `${type.expected}, or null`,
    parse: (value) => (value === null ? undefined : type.parse(value)),
    ...(parseText === undefined ? {} : { parseText: (value: string) => parseText(value) }),
  };
}

/** An IANA zone that this host knows. */
export const timeZone: SettingType<string> = {
  expected: "an IANA time zone such as 'UTC' or 'Europe/Prague'",
  parse(value) {
    if (typeof value !== 'string') return mismatch;
    try {
      new Intl.DateTimeFormat('en-US', { timeZone: value });
      return value;
    } catch {
      return mismatch;
    }
  },
};

const logLevelNames = oneOf<LogLevelName>('DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL');

const deliveryModeNames: Readonly<Record<DeliveryModeName, 1 | 2>> = { transient: 1, persistent: 2 };

export const deliveryMode: SettingType<1 | 2> = {
  expected: "1, 2, 'transient' or 'persistent'",
  parse(value) {
    if (value === 'transient' || value === 'persistent') return deliveryModeNames[value];
    return value === 1 || value === 2 ? value : mismatch;
  },
  parseText: (value) => deliveryMode.parse(Number.isNaN(readNumber(value)) ? value : readNumber(value)),
};

/** `prefork` is Celery's word for `processes`. */
export type PoolName = 'async' | 'threads' | 'processes' | 'prefork' | 'solo';

const poolNames: Readonly<Record<string, PoolName>> = {
  ...{ async: 'async', threads: 'threads', processes: 'processes', solo: 'solo' },
  // Celery's aliases (celery 5.6 concurrency/__init__.py): the pools of green threads are what async is here.
  ...{ prefork: 'processes', eventlet: 'async', gevent: 'async' },
};

export const poolName: SettingType<PoolName> = {
  expected: "'async', 'threads', 'processes' ('prefork') or 'solo'",
  parse: (value) => (typeof value === 'string' ? (poolNames[value] ?? mismatch) : mismatch),
};

/** Python's names of log levels. */
export type LogLevelName = 'DEBUG' | 'INFO' | 'WARNING' | 'ERROR' | 'CRITICAL';

export const logLevelName: SettingType<LogLevelName> = {
  expected: "'DEBUG', 'INFO', 'WARNING', 'ERROR' or 'CRITICAL'",
  parse: (value) => (typeof value === 'string' ? logLevelNames.parse(value.toUpperCase()) : mismatch),
};

/** Runs per second, or per unit: 5, '10/s', '10/m', '10/h'. */
export const rate: SettingType<number | string> = {
  expected: "a number of runs per second, or a text such as '10/m'",
  parse(value) {
    if (typeof value === 'number') return value >= 0 ? value : mismatch;
    return typeof value === 'string' && /^\d+(?:\.\d+)?(?:\/[smh])?$/.test(value) ? value : mismatch;
  },
};

/** Kombu's retry policy in either spelling; times in seconds. */
export type PublishRetryPolicySetting = PublishRetryPolicy | SnakeRetryPolicy;

interface SnakeRetryPolicy {
  readonly max_retries?: number | null;
  readonly interval_start?: number;
  readonly interval_step?: number;
  readonly interval_max?: number;
}

const retryPolicyNames: Readonly<Record<string, keyof PublishRetryPolicy>> = {
  ...{ maxRetries: 'maxRetries', max_retries: 'maxRetries' },
  ...{ intervalStart: 'intervalStart', interval_start: 'intervalStart' },
  ...{ intervalStep: 'intervalStep', interval_step: 'intervalStep' },
  ...{ intervalMax: 'intervalMax', interval_max: 'intervalMax' },
};

export const retryPolicy: SettingType<Required<PublishRetryPolicy>> = {
  expected: 'an object of maxRetries, intervalStart, intervalStep, intervalMax (numbers, in seconds)',
  parse(value) {
    if (!isOptions(value)) return mismatch;
    const policy: { -readonly [K in keyof PublishRetryPolicy]-?: number } = { ...defaultPublishRetryPolicy };
    for (const [given, amount] of Object.entries(value)) {
      const name = retryPolicyNames[given];
      const found = amount === null ? Number.POSITIVE_INFINITY : number.parse(amount);
      if (name === undefined || found === mismatch || found < 0) return mismatch;
      policy[name] = found;
    }
    return policy;
  },
  parseText: (value) => {
    const found = options.parseText?.(value) ?? mismatch;
    return found === mismatch ? mismatch : retryPolicy.parse(found);
  },
};

function readNumber(value: string): number {
  return value.trim() === '' ? Number.NaN : Number(value);
}

function isOptions(value: unknown): value is Options {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
