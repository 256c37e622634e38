import { AsyncLocalStorage } from 'node:async_hooks';
import { SyncSubtaskError } from '../errors/result-errors.js';
import type { ResultTuple } from '../result/result-record.js';

/** The task whose function is running, for whatever that function calls. */
export interface CurrentTask {
  readonly id: string;
  readonly name: string;
  /** Results of the calls that it has sent so far, which are stored with its own (Celery's trail). */
  readonly children: ResultTuple[];
  /** Whether it may wait for other results. */
  readonly mayJoin: boolean;
}

/** Follows the calls of a function, not the process: a constant, in which nothing is ever changed. */
const running = new AsyncLocalStorage<CurrentTask | undefined>();

/** The task that the caller is a part of; undefined outside of tasks. */
export function currentTask(): CurrentTask | undefined {
  return running.getStore();
}

/** Calls the function as a part of the task; with undefined as a part of none. */
export function runAsTask<T>(task: CurrentTask | undefined, run: () => T): T {
  return running.run(task, run);
}

/** Notes what the current task, if there is one, has sent. */
export function noteChild(result: ResultTuple): void {
  running.getStore()?.children.push(result);
}

/**
 * Lets the function, and what it awaits, wait for results inside of a task (celery 5.6 result.py, allow_join_result). A task that waits keeps its slot: when
 * all slots wait for tasks that have none, nothing goes on.
 */
export function allowJoinResult<T>(run: () => T): T {
  const task = running.getStore();
  return task === undefined ? run() : running.run({ ...task, mayJoin: true }, run);
}

/** @throws SyncSubtaskError inside of a task (celery 5.6 result.py, assert_will_not_block). */
export function assertWillNotBlock(): void {
  const task = running.getStore();
  if (task !== undefined && !task.mayJoin) throw new SyncSubtaskError(task.name);
}
