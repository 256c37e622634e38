import type { TaskMessage } from '../protocol/task-message.js';
import type { Destination } from '../routing/router.js';
import type { EventFields } from './event-sender.js';

/** What `task-sent` tells of a call (celery 5.6 app/amqp.py, as_task_v2 and send_task_message). */
export function taskSentFields(task: TaskMessage, { address, queue }: Destination): EventFields {
  return {
    uuid: task.id,
    root_id: task.rootId,
    parent_id: task.parentId,
    name: task.task,
    args: task.argsRepr,
    kwargs: task.kwargsRepr,
    retries: task.retries,
    eta: task.eta,
    expires: task.expires,
    queue: queue ?? null,
    exchange: address.exchange,
    routing_key: address.routingKey,
  };
}
