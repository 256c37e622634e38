import { completeTask, type Outcome } from '@ctq/core';
import { backoffMs, CtqError, toError } from '@ctq/runtime';
import type { TaskRequest } from './task-request.js';
import type { Workplace } from './workplace.js';

/** Waits between attempts: about half a minute in all, which is how long a broker or a store takes to come back from a restart. */
const retry = { firstMs: 500, maxMs: 15_000, attempts: 7 };

/** How making an outcome known ended: with the outcome that stands, with nobody to tell, or with an error that lasts. */
export type Completed =
  | { readonly kind: 'done'; readonly outcome: Outcome }
  | { readonly kind: 'abandoned' }
  | { readonly kind: 'failed'; readonly error: Error };

/**
 * Makes an outcome known, and tries again while the broker or the result store is away: the function has run, and repeating what
 * follows it is cheaper and safer than repeating the function. What cannot be made known at all (a callback that is no signature, a chord
 * that the store cannot count) makes the task a failure, as in Celery (celery 5.6 app/trace.py, trace_task).
 */
export async function completeOutcome(
  request: TaskRequest,
  outcome: Outcome,
  { kernel, clock, logger }: Workplace,
): Promise<Completed> {
  let current = outcome;
  for (let attempt = 0; ; attempt += 1) {
    try {
      return { kind: 'done', outcome: await completeTask(kernel, request.completion(current)) };
    } catch (thrown) {
      const error = toError(thrown);
      if (request.isAbandoned) return { kind: 'abandoned' };
      if (!mayRecover(error)) {
        if (current !== outcome) return { kind: 'failed', error };
        current = { kind: 'failure', error, reason: 'thrown', runtimeMs: outcome.runtimeMs };
        continue;
      }
      if (attempt + 1 >= retry.attempts) return { kind: 'failed', error };
      const delayMs = backoffMs(attempt, { ...retry, jitter: 'equal' });
      logger.warn(
        { err: error, retryInMs: Math.round(delayMs) },
        `Couldn't make the outcome of ${request.name}[${request.message.id}] known; trying again`,
      );
      await clock.sleep(delayMs, request.abandoned).catch(() => undefined);
      if (request.isAbandoned) return { kind: 'abandoned' };
    }
  }
}

/** Errors of brokers and stores say so themselves; a driver's own error may be anything, and is tried again; a mistake stays one. */
function mayRecover(error: Error): boolean {
  if ('recoverable' in error) return error.recoverable === true;
  return !CtqError.isInstance(error) && !(error instanceof TypeError) && !(error instanceof RangeError);
}
