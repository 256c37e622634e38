import type { Message } from '@ctq/messaging';
import type { SerializedSignature } from '../canvas/serialized-signature.js';
import { encodeProperties, type EncodeTaskOptions } from './encode-task.js';
import { uniqueHeader } from '../unique/unique-ticket.js';
import type { TaskMessage } from './task-message.js';

/**
 * A task message as protocol 1 (celery 5.6 app/amqp.py, as_task_v1), for workers older than Celery 4: everything is in the body, the headers are the
 * caller's own. It has no place for roots, parents, shadows, stamps, representations and `ignore_result`.
 * @throws EncodeError naming the argument that the serializer cannot hold.
 */
export function encodeTaskVersion1(task: TaskMessage, options: EncodeTaskOptions): Message {
  const next = linkedChain(task.chain);
  const content = options.content.encode(
    {
      task: task.task,
      id: task.id,
      args: task.args,
      kwargs: task.kwargs,
      group: task.group,
      group_index: task.groupIndex,
      retries: task.retries,
      eta: task.eta,
      expires: task.expires,
      // The times say themselves that they are.
      utc: true,
      callbacks: next === undefined ? task.callbacks : [...(task.callbacks ?? []), next],
      errbacks: task.errbacks,
      timelimit: [task.timeLimit, task.softTimeLimit],
      taskset: task.group,
      chord: task.chord,
    },
    options,
  );
  return {
    body: content.body,
    contentType: content.contentType,
    contentEncoding: content.contentEncoding,
    headers: {
      ...task.headers,
      ...(task.unique === undefined ? {} : { [uniqueHeader]: task.unique }),
      ...(content.compression === undefined ? {} : { compression: content.compression }),
    },
    properties: encodeProperties(task, options),
  };
}

/** What follows a step is linked to it (celery 5.6 canvas.py, _chain.prepare_steps with use_link). */
function linkedChain(chain: TaskMessage['chain']): SerializedSignature | undefined {
  return (chain ?? []).reduce<SerializedSignature | undefined>((after, step) => {
    if (after === undefined) return step;
    const { link } = step.options;
    const links: readonly unknown[] = Array.isArray(link) ? link : link === undefined || link === null ? [] : [link];
    return { ...step, options: { ...step.options, link: [...links, after] } };
  }, undefined);
}
