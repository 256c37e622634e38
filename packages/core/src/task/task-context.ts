import type { MessageProperties } from '@ctq/messaging';
import type { Duration, Logger } from '@ctq/runtime';
import type { EventFields } from '../events/event-sender.js';
import type { TaskMessage } from '../protocol/task-message.js';
import type { Retry } from './directives.js';
import type { Complete, Signature } from '../canvas/signature.js';
import type { CallOptions } from '../sending/call-options.js';
import type { AsyncResult } from '../result/result-handle.js';
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
  /**
   * Leaves the task and puts a task or workflow in its place, under its id: whoever waits for the task gets the replacement's result, of a group the list of its
   * results. Its callbacks, the rest of its chain and its chord follow the replacement. `return ctx.replace(signature)` says to the compiler what the task results in;
   * the promise is to be returned or awaited, and never resolves in a worker: the task ends as if it had thrown `Ignore`. With `taskAlwaysEager` the replacement runs
   * at once, and the promise resolves with its result.
   *
   * A task that dies before its message is acknowledged runs again and sends the replacement again. What is the same as before (by its tasks, arguments and
   * options) goes out under the same ids throughout, so it runs twice and counts once; something else is a second workflow, and the first result that is
   * stored under the id of the task is the one that stays.
   * @throws ConfigurationError for an empty chain, for a signature that belongs to another chord, and in a task that was called in place.
   */
  replace<R>(signature: Complete<R>): Promise<R>;
  /** For a task in the header of a chord: adds a member. */
  readonly addToChord: AddToChord;
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

export interface AddToChord {
  /**
   * Sends a task or workflow as one more member of the chord to which the running task belongs; its result stands beside that of the task in what the body is given.
   * Resolves when the broker has it. The chord waits for it before it is sent, and not any more when it could not be sent.
   *
   * A task that runs again, after a crash or a retry, adds what it added before: the same call (by its tasks, arguments and options) has the same id and is
   * counted once. A call that was about to be sent when the task died, and that is not made again, is waited for until the chord expires.
   * @throws NotInChordError
   */
  <R>(signature: Complete<R>): Promise<AsyncResult<R>>;
  /** The same without sending it: the chord waits for the signature from now on. */
  <A extends readonly unknown[], R, Result>(
    signature: Signature<A, R, Result>,
    options: { readonly lazy: true },
  ): Promise<Signature<A, R>>;
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
