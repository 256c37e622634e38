import { completeRevoked, isStored, type Outcome, storeProgress, TaskRevokedError } from '@ctq/core';
import { toError } from '@ctq/runtime';
import { completeOutcome } from './complete-outcome.js';
import { WorkerShutdownError } from '../shutdown.js';
import { giveBack, settle, settlementOf } from './settle.js';
import { limitsOf } from './task-policy.js';
import type { TaskRequest } from './task-request.js';
import type { Workplace } from './workplace.js';

/**
 * From a free slot to a settled message, one step after the other. Never rejects.
 *
 * With late acknowledgement (the default) this is at least once: the message is settled after its outcome is stored, and whoever dies before
 * that leaves it to be run again. With early acknowledgement it is at most once.
 */
export async function executeTask(request: TaskRequest, workplace: Workplace, onSlotFree: () => void): Promise<void> {
  let outcome: Outcome | undefined;
  try {
    outcome = await runRequest(request, workplace);
  } finally {
    onSlotFree();
  }
  if (outcome !== undefined) await finishRequest(request, outcome, workplace);
}

/** Up to the function's end. Undefined when it was not run, or when its end is of no interest any more. */
async function runRequest(request: TaskRequest, workplace: Workplace): Promise<Outcome | undefined> {
  if (request.hasExpired) {
    await discardExpired(request, workplace);
    return undefined;
  }
  if (!(await isOurs(request))) {
    await leaveToOthers(request, workplace, 'it is not run here');
    return undefined;
  }
  if (!request.policy.acksLate && !(await acknowledgeEarly(request, workplace))) return undefined;
  const started = request.policy.tracksStarted ? storeStarted(request, workplace) : undefined;
  workplace.log.accepted(request);
  workplace.keeper?.note(`${request.name}[${request.message.id}]`);
  const outcome = await workplace.pool.run(request, limitsOf(request.policy, request.message));
  // Its write may not overtake that of the outcome.
  if (started !== undefined) await started;
  return outcome;
}

/** From the function's end. */
async function finishRequest(request: TaskRequest, outcome: Outcome, workplace: Workplace): Promise<void> {
  const { delivery, policy } = request;
  if (request.isAbandoned) return workplace.log.notOurs(request, `its outcome (${outcome.kind}) is dropped`);
  if (wasCutShort(request, outcome)) return handOver(request, workplace);
  if (!policy.acksLate) return void (await makeKnown(request, outcome, workplace));
  if (!(await isOurs(request))) return leaveToOthers(request, workplace, `its outcome (${outcome.kind}) is dropped`);
  const settlement = settlementOf(outcome, policy);
  // What goes back to its queue is run again: nobody is told how it ended this time.
  if (settlement === 'requeue') {
    workplace.log.ended(request, outcome);
    return settle(delivery, settlement, workplace.logger);
  }
  const stored = await makeKnown(request, outcome, workplace);
  if (stored !== undefined) await settle(delivery, settlementOf(stored, policy), workplace.logger);
}

/** Stores, sends what follows, logs. Undefined when that was not possible and the message was given back. */
async function makeKnown(request: TaskRequest, outcome: Outcome, workplace: Workplace): Promise<Outcome | undefined> {
  const completed = await completeOutcome(request, outcome, workplace);
  switch (completed.kind) {
    case 'done':
      workplace.log.ended(request, completed.outcome);
      return completed.outcome;
    case 'abandoned':
      return undefined;
    case 'failed':
      if (request.policy.acksLate) {
        workplace.log.internalError(request, completed.error, 'it goes back to its queue');
        await settle(request.delivery, 'requeue', workplace.logger);
      } else {
        workplace.log.internalError(request, completed.error, 'its outcome is lost, because it was acknowledged early');
      }
      return undefined;
  }
}

/** TR-221: revoked, acknowledged; the caller is told that it expired. */
export async function discardExpired(request: TaskRequest, { kernel, log, logger }: Workplace): Promise<void> {
  log.discarded(request);
  try {
    await completeRevoked(kernel, request.facts, new TaskRevokedError('expired'));
  } catch (error) {
    log.internalError(request, toError(error), 'it goes back to its queue');
    return settle(request.delivery, 'requeue', logger);
  }
  await settle(request.delivery, 'ack', logger);
}

/** It failed because a cold shutdown aborted its signal: that is not its outcome. */
function wasCutShort({ abort }: TaskRequest, outcome: Outcome): boolean {
  return outcome.kind === 'failure' && WorkerShutdownError.isInstance(abort.reason);
}

/** TR-226: the message goes back as if the task had not been started; where it was acknowledged early, the caller sees that it was cancelled. */
async function handOver(request: TaskRequest, workplace: Workplace): Promise<void> {
  if (request.policy.acksLate) await giveBack(request.delivery, workplace.logger);
  else await storeCancelled(request, workplace);
}

/** celery 5.6 worker/request.py, _announce_cancelled: the state is RETRY, though nobody will. */
export async function storeCancelled(request: TaskRequest, { kernel, logger }: Workplace): Promise<void> {
  if (!isStored(kernel, request.facts, true)) return;
  const cancelled = { excType: 'Retry', excMessage: ['cancelled by ctq', null, null], excModule: 'celery.exceptions' };
  try {
    await storeProgress(kernel, request.facts, 'RETRY', cancelled);
  } catch (error) {
    logger.warn({ err: toError(error) }, `Couldn't store that ${request.name}[${request.message.id}] was cancelled`);
  }
}

function isOurs({ delivery }: TaskRequest): boolean | Promise<boolean> {
  return delivery.isHeld();
}

/** The lease ran out, or the channel went: somebody else has the message or will have it. */
async function leaveToOthers(request: TaskRequest, { log }: Workplace, consequence: string): Promise<void> {
  log.notOurs(request, consequence);
  // Where it is not ours any more this has no effect; were it still ours, it would go back and not be lost.
  await request.delivery.reject({ requeue: true, position: 'front', charged: false }).catch(() => undefined);
}

/** TR-215: at most once, so a task whose message could not be acknowledged is not run. */
async function acknowledgeEarly({ delivery, name, message }: TaskRequest, { logger }: Workplace): Promise<boolean> {
  try {
    await delivery.ack();
    return true;
  } catch (error) {
    logger.error(
      { err: toError(error) },
      `Couldn't acknowledge ${name}[${message.id}] before running it; it is delivered again`,
    );
    return false;
  }
}

/** celery 5.6 app/trace.py: `store_result(uuid, {'pid': pid, 'hostname': hostname}, STARTED)`. */
async function storeStarted(request: TaskRequest, { kernel, hostname, logger }: Workplace): Promise<void> {
  if (!isStored(kernel, request.facts, false)) return;
  try {
    await storeProgress(kernel, request.facts, 'STARTED', { pid: process.pid, hostname });
  } catch (error) {
    logger.warn({ err: toError(error) }, `Couldn't store that ${request.name}[${request.message.id}] has started`);
  }
}
