import type { Execution, Outcome, TaskMessage } from '@ctq/core';
import { asyncPool, type Pool, type PoolContext, type PoolFactory, type TimeLimits } from '@ctq/worker/pool';

/** Tasks with the same key run one after the other; those without one run at any time. */
export function orderedPool(keyOf: (message: TaskMessage) => string | undefined): PoolFactory {
  return (context) => new OrderedPool(context, keyOf);
}

class OrderedPool implements Pool {
  readonly name = 'ordered';
  readonly supports: Pool['supports'];
  readonly failed: Promise<Error>;
  readonly #inner: Pool;
  readonly #keyOf: (message: TaskMessage) => string | undefined;
  /** The last run of each key that has one. */
  readonly #last = new Map<string, Promise<Outcome>>();

  constructor(context: PoolContext, keyOf: (message: TaskMessage) => string | undefined) {
    this.#inner = asyncPool(context);
    this.#keyOf = keyOf;
    this.supports = this.#inner.supports;
    this.failed = this.#inner.failed;
  }

  get size() {
    return this.#inner.size;
  }

  start(signal: AbortSignal) {
    return this.#inner.start(signal);
  }

  stop(deadline: Parameters<Pool['stop']>[0]) {
    return this.#inner.stop(deadline);
  }

  abandon(reason: Error) {
    this.#inner.abandon(reason);
  }

  async run(execution: Execution, limits: TimeLimits): Promise<Outcome> {
    const key = this.#keyOf(execution.message);
    if (key === undefined) return this.#inner.run(execution, limits);
    const run = this.#runAfter(this.#last.get(key), execution, limits);
    this.#last.set(key, run);
    try {
      return await run;
    } finally {
      if (this.#last.get(key) === run) this.#last.delete(key);
    }
  }

  /** The limits of a task begin when it runs, not when it begins to wait. */
  async #runAfter(before: Promise<Outcome> | undefined, execution: Execution, limits: TimeLimits): Promise<Outcome> {
    await before;
    return await this.#inner.run(execution, limits);
  }
}
