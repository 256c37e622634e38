import type { AppLocator, Execution, HandedOver, Outcome, ResultStore } from '@ctq/core';
import type { Clock, Logger, Service } from '@ctq/runtime';

/**
 * Where a task's function runs. A pool knows nothing of brokers, acknowledgement or results: it is given one execution and tells how it ended.
 */
export interface Pool extends Service {
  readonly supports: PoolManifest;
  /** How many executions it runs at the same time. */
  readonly size: number;
  /**
   * Runs a task. Never rejects because the task failed: that is an outcome. The limits hold as `supports` says.
   * The caller respects `size`, and goes beyond it for those only that `takesAhead`.
   */
  run(execution: Execution, limits: TimeLimits): Promise<Outcome>;
  /**
   * Whether it takes this one without a free slot, to begin it as soon as it can: for pools to which the way is long. Default: none. It may be asked at any time; the
   * answer is of this moment.
   */
  takesAhead?(execution: Execution): boolean;
  /**
   * For pools in which hooks and signals are somewhere else: lets them hear of the outcome that stands, once it is stored. Undefined when nobody wants to. Where it is
   * missing the worker tells them itself.
   */
  tell?(execution: Execution, outcome: Outcome): Promise<void> | undefined;
  /** Nobody will `tell`, or everybody was told. Where there is `tell`, each execution ends with it: the place where it ran may wait for the one or the other. */
  forget?(execution: Execution): void;
  /** Ends the code of one execution at once; its outcome is `worker-lost`. False when it is not here. Where `supports.terminate`. */
  terminate?(execution: Execution): boolean;
  /** Changes the size; what runs is not disturbed. Resolves when there are as many; rejects when there cannot be, and the size is the old one again. */
  resize?(size: number): Promise<void>;
  /**
   * Replaces every thread or process by a new one that loads the application anew, as soon as it has nothing to do. Returns at once. Default: there is nothing to
   * replace.
   */
  restart?(): void;
  /** Of the process in which an execution is; undefined when it is not here. Default: the worker's. */
  pidOf?(execution: Execution): number | undefined;
  /** What it is made of just now, for `ctq inspect stats`. Default: nothing that its size does not tell. */
  info?(): PoolInfo;
  /** Makes what runs leave: aborts every execution with the reason. Where `supports.terminate`, their code really ends. */
  abandon(reason: Error): void;
}

/** Of Celery's names, those that apply (celery 5.6 concurrency/base.py, BasePool._get_info); and what may be told as JSON. */
export type PoolInfo = Readonly<Record<string, unknown>>;

export interface PoolManifest {
  /** A hard limit ends the code of the task, not only our waiting for it. */
  readonly terminate: boolean;
  /** Tasks run on the main loop, so leases need a keeper thread. */
  readonly onMainLoop: boolean;
  /** Executions do not share memory. */
  readonly isolation: boolean;
}

export interface TimeLimits {
  readonly softMs: number | undefined;
  readonly hardMs: number | undefined;
}

/** What a worker makes its pool of. */
export interface PoolContext {
  /** As configured; undefined for the pool's own default. */
  readonly size: number | undefined;
  /** Runs a function here, in this thread, with what the app hangs around it. */
  readonly execute: (execution: Execution) => Outcome | Promise<Outcome>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Node name of the worker. */
  readonly hostname: string;
  /** What results are encoded with, for pools whose tasks run in other threads or processes. */
  readonly store: Pick<ResultStore, 'codec' | 'errorClasses' | 'assertStorable'>;
  /** No slot is given a task before it is free: Celery's `-O fair`. */
  readonly fair: boolean;
  /** When a thread or process has done enough: `Infinity` for never. */
  readonly recycle: { readonly maxTasks: number; readonly maxMemoryKiB: number };
  /** How long a thread or process may take to load the application. */
  readonly startTimeoutMs: number;
  /** Where threads and processes load the application from, and what it is told there. */
  readonly locator: AppLocator | undefined;
  readonly handOver: () => HandedOver;
}

export type PoolFactory = (context: PoolContext) => Pool;
