import type { Queue } from '@ctq/messaging';
import type { Duration, Logger, LogLevel } from '@ctq/runtime';
import type { HealthOptions } from './health/health-server.js';
import type { AutoscaleRange } from './pool/autoscaler.js';
import type { PoolFactory } from './pool/pool.js';

/** What a worker may be told; settings of the app stand behind it. */
export interface WorkerOptions {
  /** `import.meta.url` of the module that exports the app: threads and processes load it from there, relative task modules are found by it. */
  readonly module?: string;
  /** Name of that export. Default `app`. */
  readonly moduleExport?: string;
  /** Node name; `%h` host, `%n` its first part, `%d` its domain. Default `celery@%h`. */
  readonly hostname?: string;
  /** Where tasks run: by name, or one of your own. Default: the setting `workerPool`. */
  readonly pool?: string | PoolFactory;
  /** How many tasks run at the same time. Default: `workerConcurrency`, then the pool's own. */
  readonly concurrency?: number;
  /** Between how many the concurrency changes with the work, in place of `concurrency`. Needs a pool that can be resized. */
  readonly autoscale?: AutoscaleRange;
  /** Give no thread or process a task before it is free, however short tasks are: Celery's `-O fair`. Default false. */
  readonly fair?: boolean;
  /** Replace a thread or process after so many tasks. Default: `workerMaxTasksPerChild`. */
  readonly maxTasksPerChild?: number;
  /** Replace a thread or process that has more KiB after a task. Default: `workerMaxMemoryPerChild`. */
  readonly maxMemoryPerChild?: number;
  /** Queues to consume, by name or as `queue()` makes them. Default: those of `taskQueues`, else the default queue. */
  readonly queues?: readonly (string | Queue)[];
  /** Names of queues not to consume. */
  readonly excludeQueues?: readonly string[];
  /** The most messages to hold, in multiples of the concurrency; 0 for no limit. Default: `workerPrefetchMultiplier`. */
  readonly prefetchMultiplier?: number;
  /**
   * For how long the tasks of a worker that died count as running where limits over all workers are kept. Longer than its event loop is ever blocked, and than clocks
   * of hosts differ. Default 1 minute.
   */
  readonly limitLease?: Duration;
  /** Default: the app's. */
  readonly logger?: Logger;
  /** Lines below it are not put together at all. Default: what the logger says (`isLevelEnabled`), else info. */
  readonly logLevel?: LogLevel;
  /** How task modules are imported; the CLI gives its TypeScript loader. */
  readonly importModule?: (url: string) => Promise<unknown>;
  /**
   * End the process when a task blocked the event loop for longer than `workerMaxBlockedTime`: only for programs whose purpose is this worker.
   * Default false: its messages are then given to others, and the outcome of the task is dropped.
   */
  readonly exitWhenBlocked?: boolean;
  /** Send events of tasks, for monitors. Default: the setting `workerSendTaskEvents`. It can be changed by `ctq control enable_events`. */
  readonly taskEvents?: boolean;
  /** Send heartbeats, events that tell monitors and other workers that it is there. Default true. */
  readonly heartbeat?: boolean;
  /** How often. Default 2 seconds. */
  readonly heartbeatInterval?: Duration;
  /** Ask the other workers at the start what is revoked. Default true. */
  readonly mingle?: boolean;
  /** Listen to the other workers: who is there, and elections. Default true. */
  readonly gossip?: boolean;
  /** Answer probes over HTTP: `/livez`, `/readyz`, `/startupz`. Default: none. */
  readonly health?: HealthOptions;
}

/** What else is known of the end of a worker. */
export interface WorkerStopOptions {
  /** The signal of the operating system that asked for it, for receivers of `workerShuttingDown`. */
  readonly signal?: NodeJS.Signals;
}

/** How a cold shutdown goes. */
export interface WorkerTerminateOptions extends WorkerStopOptions {
  /** The time that running tasks are left before they are aborted. Default: the setting `workerSoftShutdownTimeout`. */
  readonly softTimeout?: Duration;
}
