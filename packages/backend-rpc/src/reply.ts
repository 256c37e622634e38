import { type RecordToStore, type ResultCodec, type ResultRecord, unreadableResult } from '@ctq/core/backend';
import { type Message, type Queue, queue } from '@ctq/messaging';
import { toError } from '@ctq/runtime';

/**
 * The queue on which a process hears of its calls: no exchange and no binding, gone with its consumer or when it was unused for as long as results are kept
 * (celery 5.6 backends/rpc.py, RPCBackend.binding; wire SPEC 3.1).
 */
export function replyQueue(address: string, expiresMs: number | undefined): Queue {
  return queue(address, {
    durable: true,
    autoDelete: true,
    noAck: true,
    ...(expiresMs === undefined ? {} : { expires: `${Math.max(1, Math.ceil(expiresMs))}ms` as const }),
  });
}

/** The message that tells of an outcome (celery 5.6 backends/rpc.py, RPCBackend.store_result; wire SPEC 4.6). */
export function encodeReply(codec: ResultCodec, record: RecordToStore, isPersistent: boolean): Message {
  return {
    ...codec.format,
    body: codec.encode(record),
    headers: {},
    properties: { correlationId: record.taskId, deliveryMode: isPersistent ? 2 : 1, priority: 0 },
  };
}

/**
 * What a message tells; undefined where that cannot even be said of which task. One that cannot be read is a failure of its task.
 * @param onUnreadable told of what is of no task.
 */
export function decodeReply(
  codec: ResultCodec,
  { body, contentType, contentEncoding, headers, properties: { correlationId } }: Message,
  onUnreadable: (error: Error) => void = () => undefined,
): ResultRecord | undefined {
  try {
    const record = codec.decode(body, { contentType, contentEncoding, headers });
    // The property is the word of Celery's own reader; programs before it have none (celery 5.6 backends/rpc.py, _get_message_task_id).
    const taskId = correlationId ?? record.taskId;
    if (taskId === '') throw new TypeError('It names no task.');
    return record.taskId === taskId ? record : { ...record, taskId };
  } catch (error) {
    if (correlationId !== undefined && correlationId !== '') return unreadableResult(correlationId, error);
    onUnreadable(toError(error));
    return undefined;
  }
}
