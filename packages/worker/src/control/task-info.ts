import type { TaskRequest } from '../execute/task-request.js';
import type { Pool } from '../pool/pool.js';
import type { CommandScope } from './command-scope.js';

/** What is told of a call that a worker has (celery 5.6 worker/request.py, Request.info). */
export interface TaskInfo {
  readonly id: string;
  /** As it is shown. */
  readonly name: string;
  /** The values, or their text. */
  readonly args: unknown;
  readonly kwargs: unknown;
  /** The name of its task. */
  readonly type: string;
  readonly hostname: string;
  /** In seconds since the epoch; null before it begins. */
  readonly time_start: number | null;
  readonly acknowledged: boolean;
  readonly delivery_info: {
    readonly exchange: string;
    readonly routing_key: string;
    readonly priority: number;
    readonly redelivered: boolean;
  };
  /** Of the process in which it runs; null before it begins. */
  readonly worker_pid: number | null;
}

export interface TaskInfoOptions {
  /** Arguments as texts in place of the values: those that came with the message. Default false; those that no answer can hold are texts in any case. */
  readonly safe?: boolean | undefined;
  /** It waits for its time, where settling its message means to park it. Default false. */
  readonly isScheduled?: boolean;
}

export function taskInfo(
  request: TaskRequest,
  scope: Pick<CommandScope, 'kernel' | 'pool'>,
  { safe = false, isScheduled = false }: TaskInfoOptions = {},
): TaskInfo {
  const { message, deliveryInfo, startedAt, name, hostname, delivery } = request;
  const { exchange, routingKey, priority, redelivered } = deliveryInfo;
  const isText = safe || !isSendable([message.args, message.kwargs], scope);
  return {
    ...{ id: message.id, name },
    args: isText ? message.argsRepr : message.args,
    kwargs: isText ? message.kwargsRepr : message.kwargs,
    ...{ type: message.task, hostname },
    time_start: startedAt === undefined ? null : startedAt / 1_000,
    acknowledged: !isScheduled && delivery.isSettled,
    delivery_info: {
      ...{ exchange, priority, redelivered },
      routing_key: routingKey,
    },
    worker_pid: startedAt === undefined ? null : (pidOf(request, scope.pool) ?? null),
  };
}

/** A message may have come by a serializer that can write more than the one of answers: one such call would keep all others from being told of. */
function isSendable(value: unknown, { kernel }: Pick<CommandScope, 'kernel'>): boolean {
  try {
    kernel.content.encode(value, { serializer: kernel.settings.taskSerializer });
    return true;
  } catch {
    return false;
  }
}

/** A pool without processes of its own runs it in this one. */
function pidOf(request: TaskRequest, pool: Pool): number | undefined {
  return pool.pidOf === undefined ? process.pid : pool.pidOf(request);
}
