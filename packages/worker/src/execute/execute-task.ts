import { isStored, type Outcome, storeProgress } from '@ctq/core';
import { toError } from '@ctq/runtime';
import { poisonous } from '../poison/crash-guard.js';
import { quarantineTask } from '../poison/quarantine-task.js';
import type { TimeLimits } from '../pool/pool.js';
import { maySkip, skipSucceeded } from '../deduplicate/skip-succeeded.js';
import { discardExpired, discardRevoked, discardTerminated } from './discard-call.js';
import { makeKnown } from './make-known.js';
import { WorkerShutdownError } from '../shutdown.js';
import { giveBack, settle, settlementOf } from './settle.js';
import { limitsOf } from './task-policy.js';
import type { TaskRequest } from './task-request.js';
import { tell } from './tell.js';
import { beginUnique, dropUnique, endUnique, returnUnique } from './unique-guard.js';
import type { Workplace } from './workplace.js';

/**
 * From a free slot to a settled message, one step after the other. Never rejects.
 *
 * With late acknowledgement (the default) this is at least once: the message is settled after its outcome is stored, and whoever dies before
 * that leaves it to be run again. With early acknowledgement it is at most once.
 */
export async function executeTask(request: TaskRequest, workplace: Workplace, onSlotFree: () => void): Promise<void> {
  const { delivery, message, policy } = request;
  let outcome: Outcome;
  try {
    if (request.hasExpired) return await discardExpired(request, workplace);
    const revokedBy = workplace.revocations.of(message);
    if (revokedBy !== undefined) return await discardRevoked(request, revokedBy, workplace);
    const startsOurs = delivery.isHeld();
    // Most deliveries know it without asking; an `await` for each of them would be felt.
    if (startsOurs !== true && !(await startsOurs))
      return await leaveToOthers(request, workplace, 'it is not run here');
    if (maySkip(request, workplace) && (await skipSucceeded(request, workplace)))
      return await workplace.crashes.end(request);
    if (message.unique !== undefined && !(await beginUnique(request, workplace))) return;
    if (!policy.acksLate && !(await acknowledgeEarly(request, workplace))) return;
    if (request.standing !== undefined) await workplace.crashes.begin(request);
    outcome = await run(request, workplace);
  } finally {
    onSlotFree();
  }
  try {
    await conclude(request, outcome, workplace);
  } finally {
    workplace.pool.forget?.(request);
  }
}

/** From an outcome to a settled message. */
async function conclude(request: TaskRequest, outcome: Outcome, workplace: Workplace): Promise<void> {
  const { delivery, message, policy } = request;
  const { logger } = workplace;
  const isLost = outcome.kind === 'failure' && outcome.reason === 'worker-lost';
  if (request.standing !== undefined && (!isLost || request.isTerminated)) await workplace.crashes.end(request);
  if (request.isAbandoned) return workplace.log.notOurs(request, `its outcome (${outcome.kind}) is dropped`);
  if (wasCutShort(request, outcome)) return handOver(request, workplace);
  if (policy.acksLate) {
    const endsOurs = delivery.isHeld();
    if (endsOurs !== true && !(await endsOurs))
      return leaveToOthers(request, workplace, `its outcome (${outcome.kind}) is dropped`);
    // What goes back to its queue is run again: no caller is told how it ended this time.
    if (!request.isTerminated && settlementOf(outcome, policy) === 'requeue') {
      if (isLost && policy.maxCrashes !== undefined) {
        const crashes = await workplace.crashes.lost(request, outcome);
        if (poisonous(crashes, request)) return quarantineTask(request, crashes, workplace);
      }
      workplace.log.ended(request, outcome);
      workplace.events.requeued(request);
      if (message.unique !== undefined) await returnUnique(request, workplace);
      if (outcome.kind === 'reject') await tell(request, outcome, workplace);
      return settle(delivery, 'requeue', logger);
    }
  }
  if (request.isTerminated && outcome.kind === 'failure') return discardTerminated(request, workplace);
  if (message.unique !== undefined) await endUnique(request, outcome, workplace);
  const stored = await makeKnown(request, outcome, workplace);
  if (stored === undefined) return;
  if (message.unique !== undefined && stored.kind !== outcome.kind) await endUnique(request, stored, workplace);
  if (stored.kind === 'success') workplace.successes.add(message.id);
  workplace.log.ended(request, stored);
  workplace.events.ended(request, stored, policy.acksLate && settlementOf(stored, policy) === 'drop');
  const told = tell(request, stored, workplace);
  if (told !== undefined) await told;
  if (policy.acksLate) return settle(delivery, settlementOf(stored, policy), logger);
}

function run(request: TaskRequest, workplace: Workplace): Promise<Outcome> {
  const { keeper, log, events, totals } = workplace;
  log.accepted(request);
  totals.count(request.message.task, request.name);
  events.started(request);
  keeper?.note(`${request.name}[${request.message.id}]`);
  const limits = limitsOf(request.policy, request.message);
  if (request.definition.options.abortable === true) return runAbortable(request, workplace, limits);
  if (!request.policy.tracksStarted) return runInPool(request, workplace, limits);
  return runTracked(request, workplace, limits);
}

async function runAbortable(request: TaskRequest, workplace: Workplace, limits: TimeLimits): Promise<Outcome> {
  const { abortWatch } = workplace;
  await abortWatch.watch(request);
  try {
    // STARTED would hide that it is to leave.
    if (!request.policy.tracksStarted || request.abort.reason !== undefined)
      return await runInPool(request, workplace, limits);
    return await runTracked(request, workplace, limits);
  } finally {
    abortWatch.forget(request);
  }
}

/** What runs in one piece runs in this call. */
function runInPool(request: TaskRequest, { pool, blockWatch }: Workplace, limits: TimeLimits): Promise<Outcome> {
  if (blockWatch === undefined) return pool.run(request, limits);
  const startedAt = blockWatch.now();
  const outcome = pool.run(request, limits);
  blockWatch.ran(request, startedAt);
  return outcome;
}

async function runTracked(request: TaskRequest, workplace: Workplace, limits: TimeLimits): Promise<Outcome> {
  const started = storeStarted(request, workplace);
  const outcome = await runInPool(request, workplace, limits);
  // Its write may not overtake that of the outcome.
  await started;
  return outcome;
}

/** It failed because a cold shutdown aborted its signal: that is not its outcome. */
function wasCutShort({ abort }: TaskRequest, outcome: Outcome): boolean {
  return outcome.kind === 'failure' && WorkerShutdownError.isInstance(abort.reason);
}

/** TR-226: the message goes back as if the task had not been started; where it was acknowledged early, the caller sees that it was cancelled. */
async function handOver(request: TaskRequest, workplace: Workplace): Promise<void> {
  workplace.events.cancelled(request);
  if (request.message.unique !== undefined) {
    if (request.policy.acksLate) await returnUnique(request, workplace);
    else await dropUnique(request, workplace);
  }
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
