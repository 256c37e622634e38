import type { Clock, Logger } from '@ctq/runtime';
import type { WorkerRecord } from './worker-record.js';

/** An event, by its fields on the wire. */
export type EventToTell = Readonly<Record<string, unknown>>;

export interface ClusterStateOptions {
  /** Beyond it the one is forgotten that was heard of first. Default 5,000. */
  readonly maxWorkers?: number;
  /** Beyond it the one is forgotten that was heard of first, itself or as the parent of another. Default 10,000. */
  readonly maxTasks?: number;
  /** Told of every event before it is taken in. */
  readonly onEvent?: (event: EventToTell) => void;
  /** A worker has come up, or has told of itself for the first time. */
  readonly onNodeJoin?: (worker: WorkerRecord) => void;
  /** A worker has said that it goes. With this it is forgotten then; without, it stays, offline. */
  readonly onNodeLeave?: (worker: WorkerRecord) => void;
  readonly clock?: Clock;
  readonly logger?: Logger;
}

export interface FreezeOptions {
  /** Forget workers, and tasks that have ended, afterwards, unless looking has failed. */
  readonly clearAfter?: boolean;
}

export interface ClearOptions {
  /** Of tasks only those that have ended. Default true. */
  readonly ready?: boolean;
}

export interface TaskQuery {
  /** At most so many. */
  readonly limit?: number;
  /** The earliest first. Default: the latest first. */
  readonly reverse?: boolean;
}
