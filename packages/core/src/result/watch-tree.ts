import type { Timer } from '@ctq/runtime';
import { ResultTimeoutError } from '../errors/result-errors.js';
import { Inbox } from './inbox.js';
import { KnownTasks } from './known-tasks.js';
import type { AnyResult, AsyncResult, TreeChange, TreeCounts, WatchOptions } from './result-handle.js';
import type { ResultRecord } from './result-record.js';
import type { ResultStore } from './result-store.js';
import type { StopObserving } from './result-waiter.js';
import { isSameState, stateChange } from './state-change.js';
import { propagateStates, readyStates } from './states.js';
import { taskIdOf } from './task-ids.js';
import { assertMayWait, bufferOf, limitWait } from './wait-limits.js';

/**
 * How long after the last news what follows a failure is waited for. ctq stores the failure for it at once; Celery stores nothing for what follows a revoked
 * task (celery 5.6 backends/base.py, mark_as_revoked).
 */
const abandonedMs = 5_000;

/** The states of the tasks of a workflow as they come, those that are stored first, until there is nothing left that may still come. */
export async function* watchTree(
  results: ResultStore,
  roots: readonly AnyResult[],
  options: WatchOptions,
): AsyncGenerator<TreeChange, void, undefined> {
  assertMayWait(options);
  const watch = new TreeWatch(results, bufferOf(options));
  const lift = limitWait(
    results.clock,
    options,
    (error) => watch.fail(error),
    (ms) => watch.timeoutError(ms),
  );
  try {
    watch.begin(roots);
    for (let news = await watch.next(); news !== undefined; news = await watch.next()) {
      const { task, record, counts } = news;
      yield { ...stateChange(results, record), id: record.taskId, result: task, counts };
    }
  } finally {
    lift();
    watch.stop();
  }
}

interface News {
  readonly task: AsyncResult<unknown>;
  readonly record: ResultRecord;
  readonly counts: TreeCounts;
}

/** A task that has not ended yet, as far as is known. */
interface WatchedTask {
  readonly task: AsyncResult<unknown>;
  last: ResultRecord | undefined;
  stop: StopObserving | undefined;
}

/** One loop over a workflow: what it has seen, and what it still waits for. */
class TreeWatch {
  readonly #results: ResultStore;
  readonly #inbox: Inbox<News | undefined>;
  readonly #known = new KnownTasks();
  readonly #watched = new Map<string, WatchedTask>();
  /** Those among the watched that nobody will begin. */
  readonly #abandoned = new Set<string>();
  readonly #stops = new Set<StopObserving>();
  /** To be observed, and not to be observed any more: all at once, when everything that has come at a time was taken. */
  #found: string[] = [];
  #ended: { readonly id: string; readonly stop: StopObserving }[] = [];
  #counts: TreeCounts = { known: 0, done: 0, succeeded: 0, failed: 0, revoked: 0 };
  #lastCall: Timer | undefined;

  constructor(results: ResultStore, buffer: number) {
    this.#results = results;
    this.#inbox = new Inbox(buffer);
  }

  begin(roots: readonly AnyResult[]): void {
    this.#add(roots);
    this.#observe();
    this.#lookForEnd();
  }

  /** Undefined when nothing more will come. */
  next(): Promise<News | undefined> {
    return this.#inbox.next();
  }

  fail(error: unknown): void {
    this.#inbox.fail(error);
  }

  timeoutError(ms: number): ResultTimeoutError {
    const { known, done } = this.#counts;
    return new ResultTimeoutError(
      `${known - done} of ${known} tasks of the workflow were not ready within ${ms / 1_000}s. They may still be waiting, running, or have been sent to a queue that no worker consumes.`,
      { details: { missing: known - done, of: known } },
    );
  }

  stop(): void {
    this.#lastCall?.cancel();
    this.#lastCall = undefined;
    this.#watched.clear();
    this.#found = [];
    this.#ended = [];
    for (const stop of this.#stops) stop();
    this.#stops.clear();
  }

  #add(results: readonly AnyResult[]): void {
    for (const task of this.#known.add(results)) {
      const id = taskIdOf(task);
      if (task.ignored || this.#watched.has(id)) continue;
      this.#watched.set(id, { task, last: undefined, stop: undefined });
      this.#found.push(id);
      this.#count({ known: 1 });
    }
  }

  #observe(): void {
    if (this.#found.length === 0) return;
    const found = this.#found;
    this.#found = [];
    const stop = this.#results.observe(found, {
      onRecord: (record) => this.#take(record),
      onError: (error) => this.fail(error),
    });
    this.#stops.add(stop);
    for (const id of found) {
      const watched = this.#watched.get(id);
      if (watched !== undefined) watched.stop = stop;
    }
  }

  #take(record: ResultRecord): void {
    const watched = this.#watched.get(record.taskId);
    if (watched === undefined || (watched.last !== undefined && isSameState(watched.last, record))) return;
    watched.last = record;
    try {
      if (readyStates.has(record.status)) this.#end(watched, record);
      else this.#inbox.push({ task: watched.task, record, counts: this.#counts });
    } catch (error) {
      // What a document says of children is none.
      return this.fail(error);
    }
    this.#lookForEnd();
  }

  #end({ task, stop }: WatchedTask, record: ResultRecord): void {
    const { taskId, status, children } = record;
    this.#watched.delete(taskId);
    this.#abandoned.delete(taskId);
    if (this.#ended.length === 0) queueMicrotask(() => this.#catchUp());
    if (stop !== undefined) this.#ended.push({ id: taskId, stop });
    this.#add((children ?? []).map((child) => this.#results.handleOf(child)));
    if (propagateStates.has(status))
      for (const id of this.#known.after(task.id)) if (this.#watched.has(id)) this.#abandoned.add(id);
    this.#count({ done: 1, ...countedAs(status) });
    this.#inbox.keep({ task, record, counts: this.#counts });
  }

  /** What has ended is not looked for any more, however long the rest takes. */
  #catchUp(): void {
    this.#observe();
    const ids = new Map<StopObserving, string[]>();
    for (const { id, stop } of this.#ended) {
      const some = ids.get(stop);
      if (some === undefined) ids.set(stop, [id]);
      else some.push(id);
    }
    this.#ended = [];
    for (const [stop, some] of ids) stop(some);
  }

  #lookForEnd(): void {
    this.#lastCall?.cancel();
    if (this.#watched.size > this.#abandoned.size) return;
    if (this.#watched.size === 0) this.#inbox.keep(undefined);
    else this.#lastCall = this.#results.clock.setTimer(() => void this.#lookForLast(), abandonedMs);
  }

  /** Nothing has come for a while. It may be there all the same, or the backend may be away. */
  async #lookForLast(): Promise<void> {
    const call = this.#lastCall;
    try {
      const found = await Promise.all([...this.#abandoned].map((id) => this.#results.find(id)));
      for (const record of found) if (record !== undefined) this.#take(record);
    } catch {
      // Who observes is told of what does not pass.
      if (this.#lastCall === call) this.#lookForEnd();
      return;
    }
    // Else there was news meanwhile, or nobody listens any more.
    if (this.#lastCall === call) this.#inbox.keep(undefined);
  }

  #count(more: Partial<TreeCounts>): void {
    const { known, done, succeeded, failed, revoked } = this.#counts;
    this.#counts = {
      known: known + (more.known ?? 0),
      done: done + (more.done ?? 0),
      succeeded: succeeded + (more.succeeded ?? 0),
      failed: failed + (more.failed ?? 0),
      revoked: revoked + (more.revoked ?? 0),
    };
  }
}

function countedAs(status: ResultRecord['status']): Partial<TreeCounts> {
  if (status === 'SUCCESS') return { succeeded: 1 };
  return status === 'REVOKED' ? { revoked: 1 } : { failed: 1 };
}
