import { backoffMs, type Clock, durationMs } from '@ctq/runtime';
import { MaxRetriesExceededError } from '../errors/task-errors.js';
import { Retry, type RetryOverrides, TaskDirective } from './directives.js';
import type { RetryOptions } from './task-context.js';
import type { ErrorClass, TaskOptions } from './task-options.js';

/** Celery 5.6 app/task.py: max_retries 3, default_retry_delay 3 minutes. */
const defaultMaxRetries = 3;
const defaultRetryDelay = 180;

/** What is known of the attempt that is to be repeated. */
export interface Attempt {
  readonly task: string;
  readonly id: string;
  readonly retries: number;
}

/**
 * The directive of the next attempt.
 * @throws the given error, else MaxRetriesExceededError, when the attempts are used up.
 */
export function nextAttempt(attempt: Attempt, task: TaskOptions, retry: RetryOptions, clock: Clock): Retry {
  const limit =
    retry.maxRetries !== undefined
      ? retry.maxRetries
      : task.maxRetries !== undefined
        ? task.maxRetries
        : defaultMaxRetries;
  if (limit !== null && attempt.retries + 1 > limit) {
    throw retry.error ?? new MaxRetriesExceededError(attempt.task, attempt.id);
  }
  const overrides: RetryOverrides = {
    ...(retry.args === undefined ? {} : { args: retry.args }),
    ...(retry.kwargs === undefined ? {} : { kwargs: retry.kwargs }),
    ...(retry.options === undefined ? {} : { options: retry.options }),
  };
  const error = retry.error === undefined ? {} : { error: retry.error };
  if (retry.eta !== undefined) return new Retry({ ...error, dueAt: retry.eta.getTime(), overrides });
  const inMs = durationMs(retry.countdown ?? task.defaultRetryDelay ?? defaultRetryDelay);
  return new Retry({ ...error, overrides, inMs, ...(inMs > 0 ? { dueAt: clock.now() + inMs } : {}) });
}

/** Whether an error that left the task retries it by itself (celery 5.6 app/autoretry.py). */
export function isRetriedByItself(task: TaskOptions, error: unknown): boolean {
  if (task.autoretryFor === undefined || TaskDirective.isInstance(error)) return false;
  if (task.dontAutoretryFor?.some((errorClass) => isOf(error, errorClass))) return false;
  return task.autoretryFor.some((errorClass) => isOf(error, errorClass));
}

/** The wait before an automatic retry: `min(max, factor × 2^retries)` whole seconds, with jitter any of 0 to that (celery 5.6 utils/time.py, get_exponential_backoff_interval). */
export function autoRetryCountdown(
  task: TaskOptions,
  retries: number,
  random: () => number = Math.random,
): number | undefined {
  if (task.retryBackoff === undefined || task.retryBackoff === false) return undefined;
  const factor = task.retryBackoff === true ? 1 : Math.max(1, Math.trunc(task.retryBackoff));
  const ms = backoffMs(retries, {
    firstMs: factor * 1_000,
    maxMs: durationMs(task.retryBackoffMax ?? 600),
    jitter: 'none',
  });
  const most = Math.floor(ms / 1_000);
  return (task.retryJitter ?? true) ? Math.floor(random() * (most + 1)) : most;
}

/** `instanceof`, or `isInstance` where the class has it, which also recognises another copy's errors. */
export function isOf(error: unknown, errorClass: ErrorClass): boolean {
  const { isInstance } = errorClass as { readonly isInstance?: (error: unknown) => boolean };
  return typeof isInstance === 'function' ? isInstance.call(errorClass, error) : error instanceof errorClass;
}
