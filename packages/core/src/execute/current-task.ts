import { AsyncLocalStorage } from 'node:async_hooks';
import { SyncSubtaskError } from '../errors/result-errors.js';
import type { ResultTuple } from '../result/result-record.js';
import { isThenable } from './is-thenable.js';

/** The task whose function is running, for whatever that function calls. */
export interface CurrentTask {
  readonly id: string;
  readonly name: string;
  /** Results of the calls that it has sent so far, which are stored with its own (Celery's trail). */
  readonly children: ResultTuple[];
  /** Whether it may wait for other results. */
  readonly mayJoin: boolean;
}

/**
 * Knows in which task code runs. Empty outside of tasks, so that apps in one process do not meet in it.
 *
 * Up to Node 22 an AsyncLocalStorage that was used once makes every promise of the process dearer, which a worker feels that runs tasks that do nothing. So it is used for
 * functions that wait for something; those that do not are followed on the stack, for nothing. Which one a function is shows when it runs first. One that
 * has only ever returned values and then returns a promise is followed from its next run on.
 */
class TaskScope {
  readonly #storage = new AsyncLocalStorage<CurrentTask>();
  readonly #waits = new WeakMap<object, boolean>();
  #onStack: CurrentTask | undefined;
  #isStorageNeeded = false;
  /** Calls that are on the stack. */
  #following = 0;

  get current(): CurrentTask | undefined {
    return this.#onStack ?? this.#storage.getStore();
  }

  run<T>(task: CurrentTask, owner: object, run: () => T): T {
    const waits = this.#waits.get(owner);
    const value = waits === false ? this.#runOnStack(task, run) : this.follow(task, run);
    if (isThenable(value)) this.#waits.set(owner, true);
    else if (waits === undefined) this.#waits.set(owner, false);
    return value;
  }

  /** Whatever it turns out to be. */
  follow<T>(task: CurrentTask, run: () => T): T {
    this.#following += 1;
    try {
      const value = this.#storage.run(task, () => this.#runOnStack(task, run));
      if (isThenable(value)) this.#isStorageNeeded = true;
      return value;
    } finally {
      this.#following -= 1;
      // Nothing waits in it yet, nor is anybody else still being called: promises get cheap again.
      if (!this.#isStorageNeeded && this.#following === 0) this.#storage.disable();
    }
  }

  #runOnStack<T>(task: CurrentTask, run: () => T): T {
    const before = this.#onStack;
    this.#onStack = task;
    try {
      return run();
    } finally {
      this.#onStack = before;
    }
  }
}

const scope = new TaskScope();

/** The task that the caller is a part of; undefined outside of tasks. */
export function currentTask(): CurrentTask | undefined {
  return scope.current;
}

/**
 * Calls the function as a part of the task.
 * @param owner what all runs of the function have in common: its definition.
 */
export function runAsTask<T>(task: CurrentTask, owner: object, run: () => T): T {
  return scope.run(task, owner, run);
}

/** Notes what the current task, if there is one, has sent. */
export function noteChild(result: ResultTuple): void {
  scope.current?.children.push(result);
}

/**
 * Lets the function, and what it awaits, wait for results inside of a task (celery 5.6 result.py, allow_join_result). A task that waits keeps its slot: when
 * all slots wait for tasks that have none, nothing goes on.
 */
export function allowJoinResult<T>(run: () => T): T {
  const task = scope.current;
  return task === undefined ? run() : scope.follow({ ...task, mayJoin: true }, run);
}

/** @throws SyncSubtaskError inside of a task (celery 5.6 result.py, assert_will_not_block). */
export function assertWillNotBlock(): void {
  const task = scope.current;
  if (task !== undefined && !task.mayJoin) throw new SyncSubtaskError(task.name);
}
