import { AsyncLocalStorage } from 'node:async_hooks';
import { SyncSubtaskError } from '../errors/result-errors.js';
import type { Kernel } from '../app/kernel.js';
import type { ResultTuple } from '../result/result-record.js';
import type { TaskContext } from '../task/task-context.js';
import type { TaskDefinition } from '../task/task-definition.js';
import { createContext } from './create-context.js';
import type { Execution } from './execution.js';
import { isThenable } from './is-thenable.js';

/** A task while its function runs: what calls made in it take from it. */
export class RunningTask implements Place {
  readonly execution: Execution;
  readonly mayJoin = false;
  #context: TaskContext | undefined;
  #children: ResultTuple[] | undefined;

  constructor(execution: Execution) {
    this.execution = execution;
  }

  get task(): RunningTask {
    return this;
  }

  /** Made when somebody asks for it. */
  get context(): TaskContext {
    this.#context ??= createContext(this.execution, () => this.children);
    return this.#context;
  }

  /** Results of what it has sent, in that order. */
  get children(): readonly ResultTuple[] {
    return this.#children ?? noChildren;
  }

  addChild(child: ResultTuple): void {
    this.#children ??= [];
    this.#children.push(child);
  }

  /** It was not sent after all. */
  removeChild(child: ResultTuple): void {
    const index = this.#children?.lastIndexOf(child) ?? -1;
    if (index >= 0) this.#children?.splice(index, 1);
  }
}

const noChildren: readonly ResultTuple[] = Object.freeze([]);

/** Where code runs: in which task, and what it may do there. */
interface Place {
  readonly task: RunningTask;
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
  readonly #storage = new AsyncLocalStorage<Place | undefined>();
  readonly #waits = new WeakMap<TaskDefinition, boolean>();
  #onStack: Place | undefined;
  #isStorageNeeded = false;
  /** Calls that are on the stack. */
  #following = 0;

  get current(): Place | undefined {
    return this.#onStack ?? this.#storage.getStore();
  }

  run(task: RunningTask, run: () => unknown): unknown {
    const { definition } = task.execution;
    const waits = this.#waits.get(definition);
    const value = waits === false ? this.#runOnStack(task, run) : this.follow(task, run);
    if (isThenable(value)) this.#waits.set(definition, true);
    else if (waits === undefined) this.#waits.set(definition, false);
    return value;
  }

  /** Whatever it turns out to be. */
  follow<T>(place: Place, run: () => T): T {
    this.#following += 1;
    try {
      const value = this.#storage.run(place, () => this.#runOnStack(place, run));
      if (isThenable(value)) this.#isStorageNeeded = true;
      return value;
    } finally {
      this.#following -= 1;
      // Nothing waits in it yet, nor is anybody else still being called: promises get cheap again.
      if (!this.#isStorageNeeded && this.#following === 0) this.#storage.disable();
    }
  }

  runOutside<T>(run: () => T): T {
    if (this.#storage.getStore() === undefined) return this.#runOnStack(undefined, run);
    return this.#storage.run(undefined, () => this.#runOnStack(undefined, run));
  }

  #runOnStack<T>(place: Place | undefined, run: () => T): T {
    const before = this.#onStack;
    this.#onStack = place;
    try {
      return run();
    } finally {
      this.#onStack = before;
    }
  }
}

const scope = new TaskScope();

/** Everything that the function starts, synchronously or later, is in the task. */
export function runInTask(task: RunningTask, run: () => unknown): unknown {
  return scope.run(task, run);
}

/** The same for what belongs to a task without being its function. */
export function runBesideTask(task: RunningTask, run: () => unknown): unknown {
  return scope.follow(task, run);
}

/** For what outlives the task that happens to need it first: a connection must not keep the task's arguments. */
export function runOutsideOfTasks<T>(run: () => T): T {
  return scope.runOutside(run);
}

/**
 * The context of the task in which this is called, however deep; undefined outside of tasks. For code that cannot be given `ctx`: loggers,
 * clients, helpers. A function that is called in place, `add(2, 2)`, is no task of its own.
 */
export function currentTask(): TaskContext | undefined {
  return scope.current?.task.context;
}

/** The task of this app in which a call is made; one of another app in the same process is none. */
export function parentTask({ registry }: Pick<Kernel, 'registry'>): RunningTask | undefined {
  const task = scope.current?.task;
  if (task === undefined) return undefined;
  const { definition } = task.execution;
  return registry.find(definition.name) === definition ? task : undefined;
}

/**
 * Lets the function, and what it awaits, wait for results inside of a task (celery 5.6 result.py, allow_join_result). A task that waits keeps its slot: when
 * all slots wait for tasks that have none, nothing goes on.
 */
export function allowJoinResult<T>(run: () => T): T {
  const task = scope.current?.task;
  return task === undefined ? run() : scope.follow({ task, mayJoin: true }, run);
}

/** @throws SyncSubtaskError inside of a task (celery 5.6 result.py, assert_will_not_block). */
export function assertWillNotBlock(): void {
  const place = scope.current;
  if (place !== undefined && !place.mayJoin) throw new SyncSubtaskError(place.task.execution.message.task);
}
