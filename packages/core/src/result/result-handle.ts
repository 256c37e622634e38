import type { Duration } from '@ctq/runtime';
import type { Drawable } from '../drawing/drawing.js';
import type { ExtendedResult, ResultRecord, ResultTuple } from './result-record.js';
import type { UniqueConflict } from '../unique/unique-options.js';
import type { RevokeOptions } from '../revoke/revocation.js';
import type { TaskState } from './states.js';

/** How to wait, for whatever is waited for. */
export interface WaitForOptions {
  /** Give up after this with `ResultTimeoutError`. For ever by default. */
  readonly timeout?: Duration;
  readonly signal?: AbortSignal;
  /** How often `onInterval` is called, when results before it are looked at first, and how long the child of one that failed may take to say so itself. Default 0.5 s. */
  readonly interval?: Duration;
  /** Called while nothing is there yet; what it throws ends the waiting. */
  readonly onInterval?: () => void;
  /** `false` lets a task wait for other tasks; by default that is refused with `SyncSubtaskError`. */
  readonly disableSyncSubtasks?: boolean;
}

/** How to wait for a result. */
export interface GetOptions extends WaitForOptions {
  /** `false` resolves with the error in place of throwing it. */
  readonly propagate?: boolean;
  /** `false` does not look at the results before it in its chain, whose failure is thrown otherwise. */
  readonly followParents?: boolean;
  /** Called with each state that is stored meanwhile, the last one included. */
  readonly onMessage?: (record: ResultRecord) => void;
  /** Called with the id and the value, or the error with `propagate: false`, before `get` resolves. */
  readonly callback?: (taskId: string, value: unknown) => void;
}

/** How to wait for several results. */
export interface JoinOptions extends WaitForOptions {
  /** `false` puts errors in the places of the values. */
  readonly propagate?: boolean;
  /** Called with each id and value in place of a list: nothing has to be kept for it. */
  readonly callback?: (taskId: string, value: unknown) => void;
}

/** How to follow a result. */
export interface WatchOptions extends Pick<WaitForOptions, 'timeout' | 'signal' | 'disableSyncSubtasks'> {
  /** States that are kept for a loop that is slower than the tasks; the oldest are dropped first, those that nothing follows never. Default 100. */
  readonly buffer?: number;
}

/** A state of a task that was seen. */
export type StateChange<R> =
  /** On its way: PENDING, STARTED, or a state of its own with the data that was given to `updateState`. */
  | { readonly kind: 'progress'; readonly state: TaskState; readonly meta: unknown; readonly record?: ResultRecord }
  /** To be tried again, after this error. */
  | { readonly kind: 'retry'; readonly state: 'RETRY'; readonly error: Error; readonly record: ResultRecord }
  | { readonly kind: 'success'; readonly state: 'SUCCESS'; readonly value: R; readonly record: ResultRecord }
  | {
      readonly kind: 'failure';
      readonly state: 'FAILURE' | 'REVOKED';
      readonly error: Error;
      readonly record: ResultRecord;
    };

/** How many tasks of a workflow there are. */
export interface TreeCounts {
  /** Grows where a task that has ended is seen to have sent others. Those that ignore their results are not among them. */
  readonly known: number;
  /** Nothing follows their state: all of the following. */
  readonly done: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly revoked: number;
}

/** A state of a task of a workflow that was seen. */
export type TreeChange = StateChange<unknown> & {
  /** Whose it is. */
  readonly id: string;
  readonly result: AsyncResult<unknown>;
  /** As they are with this change. */
  readonly counts: TreeCounts;
};

/** What a workflow is, whichever of its results is at hand. */
export interface WorkflowHandle {
  /**
   * The states of all tasks of the workflow as they come: of this result, those before it, members of groups, and what they send. Begins with what is stored, and ends when nothing
   * is left to come. Leaving the loop ends the watching.
   */
  watchTree(options?: WatchOptions): AsyncGenerator<TreeChange, void, undefined>;
  /**
   * Revokes all tasks of the workflow that have not ended: those that wait, those that were not sent yet, what they would send; with `terminate` also those that run. Whoever waits
   * for one gets `TaskRevokedError`. Resolves when it is stored, as `app.revoke` does; who gives no `terminate` lets the tasks that run come to their end.
   * @throws ConfigurationError for an app without a store.
   */
  cancel(options?: RevokeOptions): Promise<void>;
}

/** What all results have in common. */
export interface ResultHandle<R> {
  readonly id: string;
  /** Waits for the value. Throws the task's own error when it failed, `TaskRevokedError` when it was revoked. */
  get(options?: WaitForOptions): Promise<R>;
  /** In a state that nothing follows. */
  ready(): Promise<boolean>;
  successful(): Promise<boolean>;
  /** FAILURE; a revoked task has not failed. */
  failed(): Promise<boolean>;
  /** Throws the error of what has failed by now; waits for nothing. */
  maybeThrow(): Promise<void>;
  /** Deletes what is stored for it; a task's result also what is stored for its parents. */
  forget(): Promise<void>;
  /** The result and those before it as plain data, from which `app.resultFromTuple` makes it again, in Python too. */
  asTuple(): ResultTuple;
  /** The same, so that a task may return it, or be called with it. */
  toJSON(): ResultTuple;
  /** Its id, and those of the results before it. */
  asList(): readonly string[];
}

/** A result of a task or of a group. */
export type AnyResult = AsyncResult<unknown> | GroupResult<unknown[]>;

/** How to go through the tree of what a task sent. */
export interface TreeOptions {
  /** Go on past results that are not ready; by default that is an `IncompleteStreamError`. */
  readonly intermediate?: boolean;
}

/** The future outcome of one call. */
export interface AsyncResult<R> extends ResultHandle<R>, WorkflowHandle {
  /** The result of the task before it in its chain. */
  readonly parent: AnyResult | undefined;
  /** Nothing is stored for it: `get` resolves with null at once. */
  readonly ignored: boolean;
  /** How a unique call met another one that had its key; undefined for one that did not, and for a handle that was made of an id. */
  readonly conflict: UniqueConflict | undefined;
  get(options?: GetOptions & { readonly propagate?: true }): Promise<R>;
  get(options: GetOptions): Promise<R | Error>;
  /** PENDING also for an id that nobody ever sent: the backend cannot know. */
  state(): Promise<TaskState>;
  /** Whether anything is stored for it. */
  exists(): Promise<boolean>;
  /** What is stored by now: the value, the error of RETRY, FAILURE and REVOKED, or the data of a state of its own; null when nothing is. */
  result(): Promise<unknown>;
  /** The whole stored outcome, or undefined when there is none yet. */
  record(): Promise<ResultRecord | undefined>;
  /** The remote stack of a failed task. */
  traceback(): Promise<string | null>;
  /** When it ended. */
  dateDone(): Promise<Date | null>;
  /** The call: name, arguments, worker, retries, queue. Stored with `resultExtended` only. */
  extended(): Promise<ExtendedResult | undefined>;
  /** Results of what it sent, its callbacks and the next step of its chain among them; null when unknown. */
  children(): Promise<readonly AnyResult[] | null>;
  /**
   * Its states as they come, beginning with the present one and ending with the one that nothing follows:
   * `for await (const change of result.watch()) …`. Told by the backend where it can. Leaving the loop ends the watching.
   */
  watch(options?: WatchOptions): AsyncGenerator<StateChange<R>, void, undefined>;
  /** Asks its task, one with the option `abortable`, to leave: see `app.abort`. */
  abort(): Promise<boolean>;
  /** This result and everything below it, each with the one that it was sent by. */
  iterdeps(
    options?: TreeOptions,
  ): AsyncGenerator<readonly [parent: AnyResult | undefined, result: AnyResult], void, undefined>;
  /** This result and everything below it, each waited for, with its value. */
  collect(
    options?: TreeOptions & WaitForOptions,
  ): AsyncGenerator<readonly [result: AnyResult, value: unknown], void, undefined>;
  /** The value of the last result below it. */
  getLeaf(options?: TreeOptions & WaitForOptions): Promise<unknown>;
  /** What sent what, as ids. */
  graph(options?: TreeOptions): Promise<ResultGraph>;
}

/** What sent what. */
export interface ResultGraph extends Drawable {
  /** Ids in the order in which they were found; the root is the first. */
  readonly nodes: readonly string[];
  readonly edges: readonly (readonly [from: string, to: string])[];
}

/** The values of a join with the errors in their places. */
export type OrErrors<R extends unknown[]> = { [K in keyof R]: R[K] | Error };

/** Several results as one. */
export interface ResultCollection<R extends unknown[]> extends Iterable<AnyResult>, WorkflowHandle {
  readonly results: readonly AnyResult[];
  readonly length: number;
  /** Waits for all and gives their values in the order of the results; throws the error of whichever is first known to have failed. */
  get(options?: WaitForOptions): Promise<R>;
  /** The same with errors in the places of values, or with callbacks in the order in which outcomes come. */
  joinNative(options?: JoinOptions & { readonly propagate?: true; readonly callback?: undefined }): Promise<R>;
  joinNative(options: JoinOptions & { readonly callback: (id: string, value: unknown) => void }): Promise<undefined>;
  joinNative(options: JoinOptions & { readonly callback?: undefined }): Promise<OrErrors<R>>;
  /** Waits for one after the other: callbacks come in the order of the results, and so does the error that is thrown. With a callback the list is empty. */
  join(options?: JoinOptions & { readonly propagate?: true; readonly callback?: undefined }): Promise<R>;
  join(options: JoinOptions & { readonly callback: (taskId: string, value: unknown) => void }): Promise<[]>;
  join(options: JoinOptions & { readonly callback?: undefined }): Promise<OrErrors<R>>;
  /** Outcomes as they come, each with its id; that of a group inside is the list of its members' outcomes. */
  iterNative(options?: WaitForOptions): AsyncGenerator<readonly [id: string, outcome: Outcome], void, undefined>;
  /** All of them. */
  ready(): Promise<boolean>;
  /** All of them. */
  successful(): Promise<boolean>;
  /** Any of them. */
  failed(): Promise<boolean>;
  /** Any of them is not ready. */
  waiting(): Promise<boolean>;
  /** How many of them succeeded. */
  completedCount(): Promise<number>;
  /** Throws the error of the first that has failed by now; waits for nothing. */
  maybeThrow(): Promise<void>;
  forget(): Promise<void>;
}

type Outcome = ResultRecord | readonly Outcome[];

/** Results that were gathered by hand. */
export interface ResultSet<T> extends ResultCollection<T[]> {
  /** A result that is a member already is not added again. */
  add(result: AsyncResult<T>): void;
  update(results: Iterable<AsyncResult<T>>): void;
  /** @throws RangeError when it is no member. */
  remove(result: AsyncResult<T> | string): void;
  /** Removes it if it is a member. */
  discard(result: AsyncResult<T> | string): void;
  clear(): void;
}

/** The outcomes of a group, in its order. */
export interface GroupResult<R extends unknown[]> extends ResultCollection<R> {
  readonly id: string;
  readonly parent: AnyResult | undefined;
  /** The header of a chord that does not fail with its members (`onMemberError`). */
  readonly mayFail: boolean;
  /** Keeps the group, so that `app.restoreGroup(id)` finds it, here or in Python. */
  save(): Promise<void>;
  /** Forgets what was kept by `save`; the results stay. */
  delete(): Promise<void>;
  children(): Promise<readonly AnyResult[]>;
  asTuple(): ResultTuple;
  /** The same, so that a task may return it, or be called with it. */
  toJSON(): ResultTuple;
  asList(): readonly string[];
}
