import type { Duration } from '@ctq/runtime';
import type { ResultRecord, ResultTuple } from './result-record.js';
import type { TaskState } from './states.js';

/** How to wait for a result. */
export interface GetOptions {
  /** Give up after this with `ResultTimeoutError`. For ever by default. */
  readonly timeout?: Duration;
  readonly signal?: AbortSignal;
}

/** What all results have in common. */
export interface ResultHandle<R> {
  readonly id: string;
  /** Waits for the value. Throws the task's own error when it failed, `TaskRevokedError` when it was revoked. */
  get(options?: GetOptions): Promise<R>;
  /** In a state that nothing follows. */
  ready(): Promise<boolean>;
  successful(): Promise<boolean>;
  /** FAILURE; a revoked task has not failed. */
  failed(): Promise<boolean>;
  /** Deletes what is stored for it; a task's result also what is stored for its parents. */
  forget(): Promise<void>;
  asTuple(): ResultTuple;
}

/** The future outcome of one call. */
export interface AsyncResult<R> extends ResultHandle<R> {
  /** The result of the task before it in its chain. */
  readonly parent: AsyncResult<unknown> | GroupResult<unknown[]> | undefined;
  /** Nothing is stored for it: `get` resolves with null at once. */
  readonly ignored: boolean;
  /** PENDING also for an id that nobody ever sent: the backend cannot know. */
  state(): Promise<TaskState>;
  /** The whole stored outcome, or undefined when there is none yet. */
  record(): Promise<ResultRecord | undefined>;
  /** The remote stack of a failed task. */
  traceback(): Promise<string | null>;
}

/** The outcomes of a group, in its order. */
export interface GroupResult<R extends unknown[]> extends ResultHandle<R> {
  readonly results: readonly (AsyncResult<unknown> | GroupResult<unknown[]>)[];
  readonly parent: AsyncResult<unknown> | GroupResult<unknown[]> | undefined;
  /** How many members succeeded. */
  completedCount(): Promise<number>;
}
