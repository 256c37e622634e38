import { completeAgain, type Kernel, mayRecover } from '@ctq/core';
import { toError } from '@ctq/runtime';
import { tellInternalError } from '../execute/internal-error.js';
import { repairAttempts, waitForRepair } from '../execute/repair.js';
import { settle } from '../execute/settle.js';
import type { TaskRequest } from '../execute/task-request.js';
import type { Workplace } from '../execute/workplace.js';

/**
 * `workerDeduplicateSuccessfulTasks`: a call whose message comes back after its success is not run again (TR-299). What follows the success is made sure of: whoever
 * had the message before may have died in the middle of it. Only deliveries that are delivered again cost a read.
 */
export function maySkip({ delivery, policy }: TaskRequest, { successes }: Workplace): boolean {
  return successes.areWanted && delivery.redelivered && policy.acksLate;
}

/** Resolves with whether its message has been seen to. Never rejects: what cannot be known is run. */
export async function skipSucceeded(request: TaskRequest, workplace: Workplace): Promise<boolean> {
  const { kernel, log, logger, successes } = workplace;
  const { delivery, message } = request;
  if (!successes.has(message.id)) {
    let found: Awaited<ReturnType<Kernel['results']['find']>>;
    try {
      found = await kernel.results.find(message.id);
    } catch (error) {
      logger.warn(
        { err: toError(error) },
        `Couldn't look whether ${request.name}[${message.id}] has succeeded; it runs`,
      );
      return false;
    }
    if (found?.status !== 'SUCCESS') return false;
    if (!(await followUp(request, found, workplace))) return true;
  }
  log.skipped(request);
  await settle(delivery, 'ack', logger);
  return true;
}

/** Resolves with false when that could not be done: the message is back in its queue, or nobody's business any more. */
async function followUp(
  request: TaskRequest,
  found: Parameters<typeof completeAgain>[2],
  workplace: Workplace,
): Promise<boolean> {
  const { kernel, logger } = workplace;
  for (let attempt = 0; ; attempt += 1) {
    try {
      await completeAgain(kernel, request.facts, found);
      return true;
    } catch (thrown) {
      const error = toError(thrown);
      if (request.isAbandoned) return false;
      if (!mayRecover(error) || attempt + 1 >= repairAttempts) {
        await tellInternalError(request, error, 'it goes back to its queue', workplace);
        await settle(request.delivery, 'requeue', logger);
        return false;
      }
      const what = `follow up the success of ${request.name}[${request.message.id}]`;
      await waitForRepair(request, error, attempt, what, workplace);
      if (request.isAbandoned) return false;
    }
  }
}
