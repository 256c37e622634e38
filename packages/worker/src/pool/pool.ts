import type { AppLocator, Execution, Outcome } from '@ctq/core';
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
   * The caller respects `size`.
   */
  run(execution: Execution, limits: TimeLimits): Promise<Outcome>;
  /** Makes what runs leave: aborts every execution with the reason. Where `supports.terminate`, their code really ends. */
  abandon(reason: Error): void;
}

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
  /** Where threads and processes load the application from. */
  readonly locator: AppLocator | undefined;
}

export type PoolFactory = (context: PoolContext) => Pool;
