import { completeTask, mayRecover, type Outcome } from '@ctq/core';
import { toError } from '@ctq/runtime';
import { tellInternalError } from './internal-error.js';
import { repairAttempts, waitForRepair } from './repair.js';
import { settle } from './settle.js';
import type { TaskRequest } from './task-request.js';
import type { Workplace } from './workplace.js';

/**
 * Makes an outcome known, and tries again while the broker or the result store is away: the function has run, and repeating what
 * follows it is cheaper and safer than repeating the function. What cannot be made known at all (a callback that is no signature, a chord
 * that the store cannot count) makes the task a failure, as in Celery (celery 5.6 app/trace.py, trace_task).
 *
 * Resolves with the outcome that stands; with undefined when nobody is to be told, or could be told within the attempts.
 */
export async function makeKnown(
  request: TaskRequest,
  outcome: Outcome,
  workplace: Workplace,
): Promise<Outcome | undefined> {
  let current = outcome;
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await completeTask(workplace.kernel, request.completion(current));
    } catch (thrown) {
      const error = toError(thrown);
      if (request.isAbandoned) return undefined;
      if (mayRecover(error)) {
        if (attempt + 1 >= repairAttempts) return giveUp(request, error, workplace);
        await waitForRepair(
          request,
          error,
          attempt,
          `make the outcome of ${request.name}[${request.message.id}] known`,
          workplace,
        );
        if (request.isAbandoned) return undefined;
      } else {
        if (current !== outcome) return giveUp(request, error, workplace);
        current = { kind: 'failure', error, reason: 'thrown', runtimeMs: outcome.runtimeMs };
      }
    }
  }
}

async function giveUp(request: TaskRequest, error: Error, workplace: Workplace): Promise<undefined> {
  if (!request.policy.acksLate) {
    await tellInternalError(request, error, 'its outcome is lost, because it was acknowledged early', workplace);
    return;
  }
  await tellInternalError(request, error, 'it goes back to its queue', workplace);
  await settle(request.delivery, 'requeue', workplace.logger);
}
