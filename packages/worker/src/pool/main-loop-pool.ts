import type { Execution, Outcome } from '@ctq/core';
import { type Deadline, type Deferred, deferred, ServiceStoppedError, toError } from '@ctq/runtime';
import { checkSize } from './check-size.js';
import type { Pool, PoolContext, PoolInfo, PoolManifest, TimeLimits } from './pool.js';
import { runWithin } from './time-limit.js';

/**
 * Runs tasks on the worker's own event loop: async functions side by side, synchronous ones one after the other. Nothing here can end
 * code that runs on; a hard limit, and a stop whose deadline passes, end the waiting for it.
 */
export class MainLoopPool implements Pool {
  readonly name: string;
  readonly supports: PoolManifest = { terminate: false, onMainLoop: true, isolation: false };
  /** It has nothing that could die. */
  readonly failed: Promise<Error> = new Promise(() => undefined);
  readonly #context: PoolContext;
  readonly #isFixed: boolean;
  readonly #running = new Set<Execution>();
  #size: number;
  #idle: Deferred<void> | undefined;
  #isStopped = false;

  /** @param options `isFixed`: its size cannot be changed. */
  constructor(
    name: string,
    size: number,
    context: PoolContext,
    { isFixed = false }: { readonly isFixed?: boolean } = {},
  ) {
    checkSize(size);
    this.name = name;
    this.#size = size;
    this.#context = context;
    this.#isFixed = isFixed;
  }

  get size(): number {
    return this.#size;
  }

  async start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#isStopped) throw new ServiceStoppedError(this.name);
  }

  async run(execution: Execution, limits: TimeLimits): Promise<Outcome> {
    this.#running.add(execution);
    try {
      // No timer, and nothing but the task's own promise, for a task without limits.
      const outcome =
        limits.hardMs === undefined && limits.softMs === undefined
          ? this.#context.execute(execution)
          : runWithin(limits, execution, async (limited) => this.#context.execute(limited));
      return outcome instanceof Promise ? await outcome : outcome;
    } catch (thrown) {
      // A task's own error is an outcome already; this one is an interceptor's.
      return { kind: 'failure', error: toError(thrown), reason: 'thrown', runtimeMs: 0 };
    } finally {
      this.#running.delete(execution);
      if (this.#idle !== undefined && this.#running.size === 0) this.#idle.resolve();
    }
  }

  abandon(reason: Error): void {
    for (const execution of this.#running) execution.abort.abort(reason);
  }

  /** As Celery's solo pool, or its pools of green threads (celery 5.6 concurrency/solo.py and concurrency/eventlet.py, _get_info). */
  info(): PoolInfo {
    if (this.#isFixed)
      return {
        ...{ processes: [process.pid], 'max-tasks-per-child': null },
        ...{ 'put-guarded-by-semaphore': true, timeouts: [] },
      };
    const running = this.#running.size;
    return { 'free-threads': Math.max(0, this.#size - running), 'running-threads': running };
  }

  async resize(size: number): Promise<void> {
    checkSize(size);
    if (this.#isFixed) throw new RangeError(`The pool ${this.name} always has the size ${this.#size}.`);
    this.#size = size;
  }

  /** Waits for what runs, and lets go of it at the deadline. */
  async stop(deadline: Deadline): Promise<void> {
    this.#isStopped = true;
    if (this.#running.size === 0) return;
    this.#idle ??= deferred();
    if (await deadline.wait(this.#idle.promise)) return;
    this.abandon(new Error('The worker was stopped before the task was done.'));
    this.#running.clear();
    // Earlier stops with more patience have nothing to wait for any more.
    this.#idle.resolve();
  }
}
