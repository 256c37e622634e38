import type { TaskState } from '../../result/states.js';

/**
 * What events tell of a task, in their words and units: `received`, `started` and the like are when such an event was sent, in seconds since the epoch
 * (celery 5.6 events/state.py, Task._fields).
 */
export interface TaskFields {
  name: string | null;
  state: TaskState;
  received: number | null;
  sent: number | null;
  started: number | null;
  rejected: number | null;
  succeeded: number | null;
  failed: number | null;
  retried: number | null;
  revoked: number | null;
  args: string | null;
  kwargs: string | null;
  eta: string | null;
  expires: string | null;
  retries: number | null;
  result: string | null;
  exception: string | null;
  /** When the last of the events was sent that stand for its state. */
  timestamp: number | null;
  runtime: number | null;
  traceback: string | null;
  exchange: string | null;
  routing_key: string | null;
  clock: number;
  /** Who sent the call, `gen<pid>@<host>`. */
  client: string | null;
  root_id: string | null;
  parent_id: string | null;
}

/** A task in the form of Celery's own snapshots, which JSON can carry (celery 5.6 events/state.py, Task.as_dict). */
export interface TaskSnapshot extends TaskFields {
  readonly uuid: string;
  /** Node name. */
  readonly worker: string | null;
  readonly root: string | null;
  readonly parent: string | null;
  /** Ids. */
  readonly children: readonly string[];
  /** What else events have told. */
  readonly more: Readonly<Record<string, unknown>>;
}

/** Of a task that nothing was told of yet. In one piece: all tasks have the same shape, which makes them small. */
export function unknownFields(): TaskFields {
  return {
    name: null,
    state: 'PENDING',
    received: null,
    sent: null,
    started: null,
    rejected: null,
    succeeded: null,
    failed: null,
    retried: null,
    revoked: null,
    args: null,
    kwargs: null,
    eta: null,
    expires: null,
    retries: null,
    result: null,
    exception: null,
    timestamp: null,
    runtime: null,
    traceback: null,
    exchange: null,
    routing_key: null,
    clock: 0,
    client: null,
    root_id: null,
    parent_id: null,
  };
}
