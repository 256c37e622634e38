import type { Kernel } from '../app/kernel.js';
import { parseWireTime } from '../protocol/wire-time.js';
import type { TaskMessage } from '../protocol/task-message.js';
import type { CallOptions } from '../sending/call-options.js';
import type { Retry } from '../task/directives.js';
import type { DeliveryInfo } from '../task/task-context.js';
import type { UniqueTicket } from '../unique/unique-ticket.js';

/**
 * Sends the next attempt: the same id, sender, workflow, headers, limits and expiry, one retry more, to where it came from (celery 5.6
 * app/task.py, signature_from_request).
 */
export async function resend(
  kernel: Kernel,
  message: TaskMessage,
  retry: Retry,
  deliveryInfo: DeliveryInfo | undefined,
): Promise<void> {
  const { args, kwargs, options } = retry.overrides;
  const kept: CallOptions = {
    headers: message.headers,
    ...(deliveryInfo === undefined ? {} : { priority: deliveryInfo.priority }),
    // Another queue is another way altogether.
    ...(deliveryInfo === undefined || options?.queue !== undefined ? {} : wayBack(deliveryInfo)),
    ...(message.shadow === null ? {} : { shadow: message.shadow }),
    ...(message.ignoreResult === null ? {} : { ignoreResult: message.ignoreResult }),
    ...(message.timeLimit === null ? {} : { timeLimit: message.timeLimit }),
    ...(message.softTimeLimit === null ? {} : { softTimeLimit: message.softTimeLimit }),
    ...(message.expires === null
      ? {}
      : { expires: new Date(parseWireTime(message.expires, kernel.settings.timezone)) }),
    ...(message.replyTo === null ? {} : { replyTo: message.replyTo }),
    ...(retry.dueAt === undefined ? {} : { eta: new Date(retry.dueAt) }),
    link: asLinks(message.callbacks),
    linkError: asLinks(message.errbacks),
  };
  const taskOptions = kernel.registry.find(message.task)?.options;
  await kernel.sender.send({
    task: message.task,
    id: message.id,
    args: args ?? message.args,
    kwargs: kwargs ?? message.kwargs,
    options: { ...kept, ...options },
    placement: {
      rootId: message.rootId,
      parentId: message.id,
      groupId: message.group,
      groupIndex: message.groupIndex,
      chord: message.chord,
      chain: message.chain,
      retries: message.retries + 1,
      replacedTaskNesting: message.replacedTaskNesting,
    },
    ...(message.origin === null ? {} : { origin: message.origin }),
    ...(message.stampedHeaders !== null ? { stampedHeaders: message.stampedHeaders, stamps: message.stamps } : {}),
    ...(taskOptions === undefined ? {} : { taskOptions }),
    ...(message.unique === undefined ? {} : { unique: withoutVersion(message.unique) }),
  });
}

/** The entry has gone from state to state since then. */
function withoutVersion({ version, ...ticket }: UniqueTicket): UniqueTicket {
  return ticket;
}

function wayBack({ exchange, routingKey }: DeliveryInfo): CallOptions {
  return exchange === '' ? { queue: routingKey } : { exchange, routingKey };
}

function asLinks(
  signatures: TaskMessage['callbacks'],
): readonly { serialize(): NonNullable<TaskMessage['callbacks']>[number] }[] {
  return (signatures ?? []).map((signature) => ({ serialize: () => signature }));
}
