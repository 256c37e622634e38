import type { MessageProperties } from '@ctq/messaging';
import type { Duration, Logger } from '@ctq/runtime';
import type { EventFields } from '../events/event-sender.js';
import type { TaskMessage } from '../protocol/task-message.js';
import type { Retry } from './directives.js';
import type { CallOptions } from '../sending/call-options.js';
import type { ResultTuple } from '../result/result-record.js';
import type { TaskState } from '../result/states.js';

/** How a message came to its worker. */
export interface DeliveryInfo {
  readonly exchange: string;
  readonly routingKey: string;
  readonly priority: number;
  readonly redelivered: boolean;
}

/** The call as the task sees it. */
export interface TaskRequest extends TaskMessage {
  readonly deliveryInfo: DeliveryInfo | undefined;
  /** Of the message: `correlationId`, `replyTo`, `appId`, …; undefined where there was none. */
  readonly properties: MessageProperties | undefined;
  /** Node name of the worker, undefined when the task was called directly. */
  readonly hostname: string | undefined;
  readonly isEager: boolean;
  /** The function was called in place, not through a message. */
  readonly calledDirectly: boolean;
  /** Results of what the task has sent so far. */
  readonly children: readonly ResultTuple[];
}

/** The first argument of a task with `bind: true`. */
export interface TaskContext {
  readonly request: TaskRequest;
  /** Aborted at the soft and the hard time limit, at a cold shutdown, when the lease was lost, and by `app.abort` for a task that is `abortable`; pass it on to what you await. */
  readonly signal: AbortSignal;
  /** Lines carry the task's name and id. */
  readonly log: Logger;
  readonly retry: RetryTask;
  /** Stores a state of your own, such as `PROGRESS`, with plain data. */
  updateState(state: TaskState, meta?: unknown): Promise<void>;
  /**
   * Tells monitors (`celery events`, Flower) of something, with the id of the task as `uuid` and the name of the worker. Nothing is kept: who does not listen
   * misses it. Nothing is sent for calls in place and with `taskAlwaysEager`.
   */
  sendEvent(type: string, fields?: EventFields): Promise<void>;
}

export interface RetryTask {
  /**
   * Leaves the task, to be run again. Throws `Retry`, or the given error (else `MaxRetriesExceededError`) when the attempts are used up.
   * `throw ctx.retry()` reads better where the compiler should see that nothing follows; it is the same.
   */
  (options?: RetryOptions): never;
  /** The same for a task that has to tidy up first: gives the `Retry`, which has its effect when it is thrown. */
  (options: RetryOptions & { readonly throw: false }): Retry;
}

export interface RetryOptions {
  /** What went wrong: stored, logged, and thrown when the attempts are used up. */
  readonly error?: Error;
  readonly countdown?: Duration;
  readonly eta?: Date;
  /** Replaces the task's `maxRetries` for this decision. */
  readonly maxRetries?: number | null;
  readonly args?: readonly unknown[];
  readonly kwargs?: Readonly<Record<string, unknown>>;
  /** Options of the next attempt: another queue, another priority. */
  readonly options?: CallOptions;
}
