import type { Inherited } from './inherited.js';
import type { TaskOptions } from '../task/task-options.js';
import type { UniqueTicket } from '../unique/unique-ticket.js';
import type { CallOptions, Placement } from './call-options.js';

/** One call, on its way to a queue. */
export interface SendRequest {
  readonly task: string;
  /** Under which name its route is looked up; that of the task by default. */
  readonly routeName?: string;
  readonly id: string;
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
  readonly options: CallOptions;
  readonly placement: Placement;
  /** Options that stand in a received signature and are not ours: they are passed on as message properties, as Celery does. */
  readonly extra?: Readonly<Record<string, unknown>>;
  /** Who sent the first attempt, for the next one of the same task; else this process. */
  readonly origin?: string;
  /** Stamps that travel with it. */
  readonly stampedHeaders?: readonly string[] | null;
  readonly stamps?: Readonly<Record<string, unknown>>;
  /** What it takes from the task before it, for steps of a workflow that are sent after that has ended. */
  readonly inherited?: Inherited;
  /** Options of the task itself, below those of the call; undefined for a task that is not known here. */
  readonly taskOptions?: TaskOptions;
  /** Of a unique call that has its key, or is about to take it. */
  readonly unique?: UniqueTicket;
}

/** Puts calls on queues. */
export interface TaskSender {
  /** The address of this process for replies (Celery's oid). */
  readonly replyTo: string;
  /** Resolves when the broker has taken responsibility. */
  send(request: SendRequest): Promise<void>;
}
