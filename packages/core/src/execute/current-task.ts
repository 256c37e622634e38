import { AsyncLocalStorage } from 'node:async_hooks';
import type { Kernel } from '../app/kernel.js';
import type { ResultTuple } from '../result/result-record.js';
import type { TaskContext } from '../task/task-context.js';
import { createContext } from './create-context.js';
import type { TaskDefinition } from '../task/task-definition.js';
import type { Execution } from './execution.js';
import { isThenable } from './is-thenable.js';

/** A task while its function runs: what calls made in it take from it. */
export class RunningTask {
  readonly execution: Execution;
  #context: TaskContext | undefined;
  #children: ResultTuple[] | undefined;

  constructor(execution: Execution) {
    this.execution = execution;
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

/**
 * Knows in which task code runs. Empty outside of tasks, so that apps in one process do not meet in it.
 *
 * Up to Node 22 an AsyncLocalStorage that was used once makes every promise of the process cost about 150 ns more, which is a quarter of what a worker
 * needs for a task that does nothing. So it is used for functions that wait for something; those that do not are followed on the stack, for
 * nothing. Which one a function is shows when it runs first. One that has only ever returned values and then returns a promise is
 * followed from its next run on.
 */
class TaskScope {
  readonly #storage = new AsyncLocalStorage<RunningTask | undefined>();
  readonly #waits = new WeakMap<TaskDefinition, boolean>();
  #onStack: RunningTask | undefined;
  #isStorageNeeded = false;

  get current(): RunningTask | undefined {
    return this.#onStack ?? this.#storage.getStore();
  }

  run(task: RunningTask, run: () => unknown): unknown {
    const { definition } = task.execution;
    const waits = this.#waits.get(definition);
    if (waits === false) {
      const value = this.#runOnStack(task, run);
      if (isThenable(value)) this.#waits.set(definition, true);
      return value;
    }
    const value = this.follow(task, run);
    if (isThenable(value)) this.#waits.set(definition, true);
    else if (waits === undefined) this.#waits.set(definition, false);
    return value;
  }

  /** Whatever it turns out to be. */
  follow(task: RunningTask, run: () => unknown): unknown {
    try {
      const value = this.#storage.run(task, () => this.#runOnStack(task, run));
      if (isThenable(value)) this.#isStorageNeeded = true;
      return value;
    } finally {
      // Nothing waits in it yet: promises get cheap again.
      if (!this.#isStorageNeeded) this.#storage.disable();
    }
  }

  runOutside<T>(run: () => T): T {
    if (this.#storage.getStore() === undefined) return this.#runOnStack(undefined, run);
    return this.#storage.run(undefined, () => this.#runOnStack(undefined, run));
  }

  #runOnStack<T>(task: RunningTask | undefined, run: () => T): T {
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
  return scope.current?.context;
}

/** The task of this app in which a call is made; one of another app in the same process is none. */
export function parentTask({ registry }: Pick<Kernel, 'registry'>): RunningTask | undefined {
  const task = scope.current;
  if (task === undefined) return undefined;
  const { definition } = task.execution;
  return registry.find(definition.name) === definition ? task : undefined;
}
