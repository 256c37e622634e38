import { completeRevoked, TaskRevokedError } from '@ctq/core';
import { toError } from '@ctq/runtime';
import { tellInternalError } from './internal-error.js';
import { settle } from './settle.js';
import type { TaskRequest } from './task-request.js';
import type { Workplace } from './workplace.js';

/**
 * TR-221: a call that is not run. REVOKED is stored with the reason, the message acknowledged. Resolves with false when that could not be stored: it is back in
 * its queue then. Never rejects.
 */
export async function discard(request: TaskRequest, reason: string, workplace: Workplace): Promise<boolean> {
  const { kernel, log, logger } = workplace;
  log.discarded(request);
  try {
    await completeRevoked(kernel, request.facts, new TaskRevokedError(reason));
  } catch (error) {
    await tellInternalError(request, toError(error), 'it goes back to its queue', workplace);
    await settle(request.delivery, 'requeue', logger);
    return false;
  }
  await kernel.signals.taskRevoked.send(request.message.task, () => ({
    ...request.event,
    ...{ terminated: false, signum: null, expired: reason === 'expired' },
  }));
  await settle(request.delivery, 'ack', logger);
  return true;
}
