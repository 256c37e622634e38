import { type Crash, type Outcome, TaskQuarantinedError } from '@ctq/core';
import { toError } from '@ctq/runtime';
import { tellInternalError } from '../execute/internal-error.js';
import { makeKnown } from '../execute/make-known.js';
import { settle } from '../execute/settle.js';
import type { TaskRequest } from '../execute/task-request.js';
import { tell } from '../execute/tell.js';
import { endUnique } from '../execute/unique-guard.js';
import type { Workplace } from '../execute/workplace.js';

/**
 * Puts a message where nobody runs it, tells its caller why, and acknowledges it: in this order, so that whoever dies in between leaves it to be done again and
 * nothing is lost. Never rejects.
 */
export async function quarantineTask(
  request: TaskRequest,
  crashes: readonly Crash[],
  workplace: Workplace,
): Promise<void> {
  const { kernel, hostname: worker, logger, crashes: guard } = workplace;
  const { delivery, message, name } = request;
  const { queue, route } = delivery;
  const quarantine = kernel.quarantine(queue);
  const alone = crashes.filter(({ isAlone }) => isAlone).length;
  const error = new TaskQuarantinedError(message.task, message.id, quarantine.name, alone);
  const reason = alone === 0 ? 'returned' : 'crashed';
  try {
    await quarantine.put(delivery.message, { reason, route, worker, crashes });
  } catch (thrown) {
    await tellInternalError(request, toError(thrown), 'it goes back to its queue', workplace);
    return settle(delivery, 'requeue', logger);
  }
  logger.error({ err: error, data: { id: message.id, name, queue: quarantine.name } }, error.message);
  const outcome: Outcome = { kind: 'failure', error, reason: 'worker-lost', runtimeMs: 0 };
  if (message.unique !== undefined) await endUnique(request, outcome, workplace);
  const stored = await makeKnown(request, outcome, workplace);
  if (stored === undefined) return;
  workplace.events.ended(request, stored, false);
  await kernel.signals.taskQuarantined.send(message.task, () => ({
    ...request.event,
    ...{ error, queue: quarantine.name, crashes },
  }));
  await tell(request, stored, workplace);
  // One that is sent back has a clean sheet.
  await guard.end(request);
  await settle(delivery, 'ack', logger);
}
