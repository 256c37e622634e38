import type { Outcome } from '@ctq/core';
import type { Delivery } from '@ctq/messaging';
import { type Logger, toError } from '@ctq/runtime';
import type { TaskPolicy } from './task-policy.js';

/** What becomes of the message of a task with late acknowledgement. */
export type Settlement = 'ack' | 'drop' | 'requeue';

/**
 * TR-215 to TR-219 (celery 5.6 worker/request.py, on_success, on_retry, on_failure). A message that goes back to its queue is run again,
 * so its outcome is not made known.
 */
export function settlementOf(outcome: Outcome, policy: TaskPolicy): Settlement {
  switch (outcome.kind) {
    case 'success':
    case 'retry':
    case 'ignore':
      return 'ack';
    case 'reject':
      return outcome.reject.requeue ? 'requeue' : 'drop';
    case 'failure':
      if (outcome.reason === 'timeout') return policy.acksOnTimeout ? 'ack' : 'requeue';
      if (outcome.reason === 'worker-lost' && policy.rejectsOnWorkerLost) return 'requeue';
      return policy.acksOnFailure ? 'ack' : 'drop';
  }
}

/** Settles a delivery. What goes wrong is logged and not thrown (TR-229): the message comes back by itself. */
export function settle(delivery: Delivery, settlement: Settlement, logger: Logger): Promise<void> {
  const settled = settlement === 'ack' ? delivery.ack() : delivery.reject({ requeue: settlement === 'requeue' });
  return settled.catch((error: unknown) => tellUnsettled(delivery, error, logger));
}

/** Returns a message that was not run to where it came from, as if it had not been delivered. */
export function giveBack(delivery: Delivery, logger: Logger): Promise<void> {
  const settled = delivery.reject({ requeue: true, position: 'front', charged: false });
  return settled.catch((error: unknown) => tellUnsettled(delivery, error, logger));
}

function tellUnsettled({ queue, message }: Delivery, error: unknown, logger: Logger): void {
  logger.error(
    { err: toError(error), queue, taskId: message.properties.correlationId },
    "Couldn't settle a message; it is delivered again",
  );
}
