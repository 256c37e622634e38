import { parseWireTime } from '../../protocol/wire-time.js';
import { ReplyFields } from './reply-fields.js';

/** What a worker says of a task that it has (celery 5.6 worker/request.py, Request.info). */
export interface TaskInfo {
  readonly id: string;
  /** The name for monitors, which need not be the one of the task. */
  readonly name: string;
  /** Name of the task. */
  readonly type: string;
  /** Positional arguments, or how they are written: who asks with `safe` gets a text. */
  readonly args: unknown;
  readonly kwargs: unknown;
  /** Node name of the worker. */
  readonly hostname: string;
  /** In milliseconds since the epoch; null before it has begun. */
  readonly startedAt: number | null;
  /** The broker was told that its message is seen to. */
  readonly acknowledged: boolean;
  readonly delivery: {
    /** Empty for the default exchange. */
    readonly exchange: string;
    readonly routingKey: string;
    readonly priority: number | null;
    readonly redelivered: boolean;
  };
  /** Process that runs it; null before it has begun. */
  readonly workerPid: number | null;
}

/** A task that waits in a worker for its time. */
export interface ScheduledTask {
  /** In milliseconds since the epoch. */
  readonly dueAt: number | null;
  /** Of its timer: 6 in workers of Python. It is not that of its message. */
  readonly priority: number | null;
  readonly request: TaskInfo;
}

/** Where a task is that was asked for by its id. */
export interface FoundTask {
  /** It runs, it waits to, or the worker has it and knows no more: `ready`. */
  readonly state: string;
  readonly info: TaskInfo;
}

/** @throws TypeError for what has no id and no name. */
export function readTaskInfo(value: unknown): TaskInfo {
  const fields = new ReplyFields(value, 'A task');
  const delivery = fields.fields('delivery_info');
  const name = fields.requiredText('name');
  return {
    id: fields.requiredText('id'),
    name,
    type: fields.text('type') ?? name,
    args: fields.all['args'],
    kwargs: fields.all['kwargs'],
    hostname: fields.text('hostname') ?? '',
    startedAt: fields.ms('time_start') ?? null,
    acknowledged: fields.isTrue('acknowledged'),
    delivery: {
      exchange: delivery.text('exchange') ?? '',
      routingKey: delivery.text('routing_key') ?? '',
      priority: delivery.number('priority') ?? null,
      redelivered: delivery.isTrue('redelivered'),
    },
    workerPid: fields.number('worker_pid') ?? null,
  };
}

export function readScheduledTask(value: unknown): ScheduledTask {
  const fields = new ReplyFields(value, 'A scheduled task');
  const eta = fields.text('eta');
  return {
    dueAt: (eta === undefined ? undefined : parseWireTime(eta)) ?? null,
    priority: fields.number('priority') ?? null,
    request: readTaskInfo(fields.all['request']),
  };
}

/** By id, those that the worker has. */
export function readFoundTasks(value: unknown): ReadonlyMap<string, FoundTask> {
  const { all } = new ReplyFields(value, 'The reply');
  return new Map(Object.entries(all).map(([id, found]) => [id, readFoundTask(found)]));
}

function readFoundTask(value: unknown): FoundTask {
  const [state, info] = Array.isArray(value) ? (value as readonly unknown[]) : [];
  if (typeof state !== 'string') throw new TypeError('A task that was asked for has no state');
  return { state, info: readTaskInfo(info) };
}
