import type { ContentCodec, EncodeOptions, Message, MessageProperties } from '@ctq/messaging';
import { uniqueHeader } from '../unique/unique-ticket.js';
import type { TaskMessage } from './task-message.js';

export interface EncodeTaskOptions extends EncodeOptions {
  readonly content: ContentCodec;
  /** Given ones win over what the task implies: `correlationId` its id, `replyTo` its own, `deliveryMode` 2, `priority` 0. */
  readonly properties: Partial<MessageProperties>;
  /** Time left until the task expires: the broker may drop the message by itself then. */
  readonly expirationMs?: number;
}

/**
 * A task message as protocol 2 (celery 5.6 app/amqp.py, as_task_v2): all 19 headers are always there, in Celery's order, the caller's own after them;
 * the body is `[args, kwargs, embed]` with all four members of embed.
 * @throws EncodeError naming the argument that the serializer cannot hold.
 */
export function encodeTask(task: TaskMessage, options: EncodeTaskOptions): Message {
  const content = options.content.encode(
    [
      task.args,
      task.kwargs,
      { callbacks: task.callbacks, errbacks: task.errbacks, chain: task.chain, chord: task.chord },
    ],
    options,
  );
  const headers: Record<string, unknown> = {
    lang: task.lang,
    task: task.task,
    id: task.id,
    shadow: task.shadow,
    eta: task.eta,
    expires: task.expires,
    group: task.group,
    group_index: task.groupIndex,
    retries: task.retries,
    timelimit: [task.timeLimit, task.softTimeLimit],
    root_id: task.rootId ?? task.id,
    parent_id: task.parentId,
    argsrepr: task.argsRepr,
    kwargsrepr: task.kwargsRepr,
    origin: task.origin,
    ignore_result: task.ignoreResult ?? false,
    replaced_task_nesting: task.replacedTaskNesting,
    stamped_headers: task.stampedHeaders,
    stamps: task.stamps,
  };
  for (const name in task.headers) headers[name] = task.headers[name];
  if (task.unique !== undefined) headers[uniqueHeader] = task.unique;
  if (content.compression !== undefined) headers.compression = content.compression;
  return {
    body: content.body,
    contentType: content.contentType,
    contentEncoding: content.contentEncoding,
    headers,
    properties: encodeProperties(task, options),
  };
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** celery 5.6 app/amqp.py, as_task_v2 and send_task_message; `reply_to` is empty rather than missing. */
export function encodeProperties(task: TaskMessage, options: EncodeTaskOptions): MessageProperties {
  const properties: Mutable<MessageProperties> = {
    correlationId: task.id,
    replyTo: task.replyTo ?? '',
    deliveryMode: 2,
    priority: 0,
  };
  if (options.expirationMs !== undefined) {
    properties.expiration = String(Math.max(0, Math.trunc(options.expirationMs)));
  }
  for (const name in options.properties) assign(properties, options.properties, name as keyof MessageProperties);
  return properties;
}

function assign<K extends keyof MessageProperties>(
  target: Mutable<MessageProperties>,
  source: Partial<MessageProperties>,
  name: K,
): void {
  if (source[name] !== undefined) target[name] = source[name];
}
