import { createHash } from 'node:crypto';
import { argumentsForKey } from '../task/arguments.js';
import type { TaskDefinition } from '../task/task-definition.js';
import type { LimitOptions } from './limit-options.js';
import { runsPerSecond } from './rate-limit.js';

const names: readonly string[] = ['rate', 'burst', 'concurrency', 'key'];
const defaultBurstSeconds = 0.1;

/** Limits as they are kept: checked, with defaults. */
export interface LimitRules {
  /** Milliseconds between two starts; undefined where there is no rate. */
  readonly intervalMs: number | undefined;
  /** How much earlier than evenly spaced a call may start: what makes a burst. */
  readonly toleranceMs: number;
  /** `Infinity` for none. */
  readonly concurrency: number;
}

/**
 * What a task's option says; undefined for nothing.
 * @throws TypeError, RangeError for options that cannot be meant.
 */
export function limitRules(task: string, options: LimitOptions<never> | undefined): LimitRules | undefined {
  if (options === undefined) return undefined;
  check(task, options);
  const rate = runsPerSecond(options.rate, `Task ${task}, the rate of 'limit'`);
  const burst = options.burst ?? Math.max(1, Math.ceil((rate ?? 0) * defaultBurstSeconds));
  const intervalMs = rate === undefined ? undefined : 1_000 / rate;
  return {
    intervalMs,
    toleranceMs: (intervalMs ?? 0) * (burst - 1),
    concurrency: options.concurrency ?? Number.POSITIVE_INFINITY,
  };
}

/** The name under which the limits of a call are kept. @throws what the key function throws, TypeError for arguments that do not fit. */
export function limitName(
  definition: TaskDefinition,
  args: readonly unknown[],
  kwargs: Readonly<Record<string, unknown>>,
): string {
  const { name, options } = definition;
  if (options.limit?.key === undefined) return name;
  const key = options.limit.key as (...given: readonly unknown[]) => unknown;
  const value = key(...argumentsForKey(definition, args, kwargs));
  if (typeof value !== 'string')
    throw new TypeError(`Task ${name}: the key of 'limit' has to give a text, not ${typeof value}.`);
  return `${name}.${createHash('sha256').update(value).digest('base64url')}`;
}

function check(task: string, options: LimitOptions<never>): void {
  // Annotations may come from a file.
  if (typeof options !== 'object' || options === null || Array.isArray(options))
    throw new TypeError(`Task ${task}: 'limit' is an object, not ${JSON.stringify(options)}.`);
  const unknown = Object.keys(options).find((name) => !names.includes(name));
  if (unknown !== undefined)
    throw new TypeError(`Task ${task}: 'limit' has no option '${unknown}', but ${names.join(', ')}.`);
  const { rate, burst, concurrency, key } = options;
  if (rate === undefined && concurrency === undefined)
    throw new TypeError(`Task ${task}: 'limit' needs a rate, a concurrency or both.`);
  if (rate !== undefined && runsPerSecond(rate, `Task ${task}, the rate of 'limit'`) === undefined)
    throw new RangeError(`Task ${task}: the rate of 'limit' has to be more than 0; leave it out for none.`);
  if (burst !== undefined && rate === undefined)
    throw new TypeError(`Task ${task}: the burst of 'limit' needs a rate.`);
  checkCount(task, 'burst', burst);
  checkCount(task, 'concurrency', concurrency);
  if (key !== undefined && typeof key !== 'function')
    throw new TypeError(`Task ${task}: the key of 'limit' is a function of the arguments.`);
}

function checkCount(task: string, name: string, value: number | undefined): void {
  if (value === undefined || (Number.isInteger(value) && value > 0)) return;
  throw new RangeError(`Task ${task}: the ${name} of 'limit' is a whole number of at least 1, not ${String(value)}.`);
}
