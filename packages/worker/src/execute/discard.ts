import { completeRevoked, TaskRevokedError } from '@ctq/core';
import { toError } from '@ctq/runtime';
import type { RevokedBy } from '../revoke/revocations.js';
import { tellInternalError } from './internal-error.js';
import { settle } from './settle.js';
import type { TaskRequest } from './task-request.js';
import type { Workplace } from './workplace.js';

/**
 * TR-221: a call that is not run, or not to its end. REVOKED is stored with the reason, the message acknowledged. Resolves with false when that could not be stored: it is
 * back in its queue then. Never rejects.
 */
export async function discard(
  request: TaskRequest,
  reason: string,
  workplace: Workplace,
  by?: RevokedBy,
): Promise<boolean> {
  const { kernel, log, logger, pool, revocations, events } = workplace;
  log.discarded(request, by);
  try {
    await completeRevoked(kernel, request.facts, new TaskRevokedError(reason), (id) => revocations.isCancelled(id));
  } catch (error) {
    await tellInternalError(request, toError(error), 'it goes back to its queue', workplace);
    if (!request.delivery.isSettled) await settle(request.delivery, 'requeue', logger);
    return false;
  }
  const terminated = reason === 'terminated';
  const expired = reason === 'expired';
  const signum = terminated && pool.supports.terminate ? 'SIGKILL' : null;
  events.revoked(request, { terminated, signal: signum, expired });
  await kernel.signals.taskRevoked.send(request.message.task, () => ({
    ...request.event,
    ...{ terminated, signum, expired },
  }));
  // What was acknowledged early is ours no more.
  if (!request.delivery.isSettled) await settle(request.delivery, 'ack', logger);
  return true;
}
