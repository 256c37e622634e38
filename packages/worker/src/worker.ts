import {
  type AnyTask,
  type Ctq,
  executeIntercepted,
  type Kernel,
  type RateLimit,
  runsPerSecond,
  workerDirect,
  type WorkerEvent,
} from '@ctq/core';
import type { Queue } from '@ctq/messaging';
import {
  ConfigurationError,
  Deadline,
  deferred,
  durationMs,
  type Logger,
  type Service,
  type ServiceGroup,
  serviceGroup,
} from '@ctq/runtime';
import { LeaseKeeper } from './connect/lease-keeper.js';
import { WorkerConnection } from './connect/worker-connection.js';
import { TaskConsumer } from './consume/task-consumer.js';
import { Workplace } from './execute/workplace.js';
import { nodeName } from './node-name.js';
import { poolNamed } from './pool/create-pool.js';
import type { Pool } from './pool/pool.js';
import { oldNameWarnings } from './report/old-names.js';
import { unenforcedLimits } from './report/unenforced-limits.js';
import { TaskLog } from './report/task-log.js';
import { type WorkerInfo, workerInfo } from './report/worker-info.js';
import { slotMark } from './pool/slots/slot-messages.js';
import { ServiceLife } from './service-life.js';
import { coldShutdownMs, WorkerShutdownError } from './shutdown.js';
import type { WorkerOptions, WorkerStopOptions } from './worker-options.js';

/**
 * Runs the tasks of an app.
 *
 * ```ts
 * await using worker = new Worker(app, { module: import.meta.url, concurrency: 20 });
 * await worker.start();
 * ```
 *
 * It is a list of services, started in this order and stopped in reverse (Celery's bootsteps):
 * 1. pool: where functions run;
 * 2. connection: the worker's own, to consume from;
 * 3. lease keeper: keeps what is held while a task blocks the event loop;
 * 4. task consumer: takes messages and sees to them.
 *
 * It installs no signal handlers and does not print; `@ctq/cli` does.
 */
export class Worker implements Service, AsyncDisposable {
  /** Its node name. */
  readonly name: string;
  readonly queues: readonly Queue[];
  readonly pool: Pool;
  readonly #app: Ctq;
  readonly #options: WorkerOptions;
  readonly #logger: Logger;
  readonly #group: ServiceGroup;
  readonly #consumer: TaskConsumer;
  readonly #life: ServiceLife;
  readonly #finished = deferred();
  #isStarted = false;
  #isShuttingDown: 'warm' | 'cold' | undefined;
  #shutdownTold: Promise<void> | undefined;

  constructor(app: Ctq, options: WorkerOptions = {}) {
    const { module, moduleExport = 'app' } = options;
    if (module !== undefined) app.locate({ url: module, export: moduleExport });
    const { kernel } = app;
    this.name = nodeName(options.hostname);
    void kernel.signals.workerInit.send(this.name, () => ({ sender: this.name }));
    const { settings, clock } = kernel;
    const logger = options.logger ?? kernel.logger;
    this.#app = app;
    this.#options = options;
    this.#logger = logger;
    this.#life = new ServiceLife(this.name);
    this.queues = consumedQueues(kernel, options, this.name);
    this.pool = createPool(app, options, logger, this.name);

    const connection = new WorkerConnection({ connect: () => app.connect(), logger });
    const keeper = new LeaseKeeper({
      connection: () => connection.current,
      isNeeded: this.pool.supports.onMainLoop,
      maxBlockedMs: durationMs(settings.workerMaxBlockedTime),
      exitProcess: options.exitWhenBlocked ?? false,
      logger,
    });
    const workplace = new Workplace({
      kernel,
      pool: this.pool,
      hostname: this.name,
      logger,
      log: new TaskLog(logger, options.logLevel),
      keeper: () => keeper.thread,
    });
    const consumer = new TaskConsumer({
      connection: () => connection.current,
      queues: this.queues,
      workplace,
      prefetchMultiplier: settings.workerDisablePrefetch
        ? 1
        : (options.prefetchMultiplier ?? settings.workerPrefetchMultiplier),
      limitLeaseMs: durationMs(options.limitLease ?? '60s'),
    });
    this.#consumer = consumer;
    this.#group = serviceGroup(this.name, [this.pool, connection, keeper, consumer], () =>
      Deadline.after(5_000, clock),
    );
  }

  /** Resolves with the error when the worker cannot go on: the broker is lost for good, a pool broke. Stop it then. */
  get failed(): Promise<Error> {
    return this.#group.failed;
  }

  /** Resolves when a stop is over. */
  get finished(): Promise<void> {
    return this.#finished.promise;
  }

  /** Imports the task modules and starts to consume. Resolves when it does. */
  start(signal: AbortSignal = new AbortController().signal): Promise<void> {
    return this.#life.start(signal, async (pending) => {
      if (process.argv.includes(slotMark)) throw workerInSlot(this.#app.name);
      this.#isStarted = true;
      await this.#app.loadModules(this.#options.importModule);
      pending.throwIfAborted();
      const { workerAfterSetup, workerReady } = this.#app.kernel.signals;
      await workerAfterSetup.send(this.name, () => this.#event());
      pending.throwIfAborted();
      for (const line of oldNameWarnings(this.#app)) this.#logger.warn(line);
      const warning = unenforcedLimits(this.#app.kernel, this.pool);
      if (warning !== undefined) this.#logger.warn(warning);
      await this.#group.start(pending);
      this.#logger.info(`${this.name} ready.`);
      await workerReady.send(this.name, () => this.#event());
    });
  }

  /**
   * Warm shutdown: takes nothing new, gives back what was not started, and waits for what runs until the deadline (for ever by default). What is not
   * done by then goes back to its queue. May be called again with an earlier deadline.
   */
  async stop(
    deadline: Deadline = Deadline.never(this.#app.kernel.clock),
    { signal }: WorkerStopOptions = {},
  ): Promise<void> {
    const told = this.#tellShuttingDown('warm', signal);
    // Both at once: the group makes a pending start give up, and the start is over when the group has rolled back.
    await Promise.all([this.#group.stop(deadline), deadline.wait(this.#life.stopping()), told]);
    await this.#tellShutdown(deadline);
    this.#finished.resolve();
  }

  /**
   * Cold shutdown: aborts the signals of what runs, waits a moment, and gives everything back that is not done. Nothing is lost where
   * messages are acknowledged late; what was acknowledged early is cancelled.
   */
  async terminate({ signal }: WorkerStopOptions = {}): Promise<void> {
    const told = this.#tellShuttingDown('cold', signal);
    const stopped = this.stop(Deadline.after(coldShutdownMs, this.#app.kernel.clock));
    // After the stop has begun: a slot that is freed now is not filled again.
    this.pool.abandon(new WorkerShutdownError());
    await Promise.all([stopped, told]);
  }

  /**
   * Changes how often this worker starts a task; null and 0 are no limit. All rate limits of the worker begin anew, and what waits for its turn waits on in its
   * order (celery 5.6 worker/control.py, rate_limit).
   * @throws TaskNotRegisteredError, TypeError for what is not a rate.
   */
  setRateLimit(task: string | AnyTask, limit: RateLimit | null): void {
    const { name } = this.#app.kernel.registry.get(typeof task === 'string' ? task : task.taskName);
    this.#consumer.changeRateLimit(name, runsPerSecond(limit, `Task ${name}`));
  }

  /** For banners and monitors. */
  info(): Promise<WorkerInfo> {
    return workerInfo(this.#app, this);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #event(): WorkerEvent {
    return { sender: this.name, worker: this };
  }

  /** Once for each way: a cold shutdown may follow a warm one. */
  #tellShuttingDown(how: 'warm' | 'cold', signal: NodeJS.Signals | undefined): Promise<void> | undefined {
    if (!this.#isStarted || this.#isShuttingDown === how || this.#isShuttingDown === 'cold') return undefined;
    this.#isShuttingDown = how;
    const { workerShuttingDown } = this.#app.kernel.signals;
    return workerShuttingDown.send(this.name, () => ({ ...this.#event(), how, signal }));
  }

  async #tellShutdown(deadline: Deadline): Promise<void> {
    if (!this.#isStarted) return;
    this.#shutdownTold ??= Promise.resolve(
      this.#app.kernel.signals.workerShutdown.send(this.name, () => this.#event()),
    );
    await deadline.wait(this.#shutdownTold);
  }
}

/** celery 5.6 worker/__init__.py, setup_queues. */
function consumedQueues({ queues, settings }: Kernel, options: WorkerOptions, name: string): readonly Queue[] {
  const chosen = options.queues?.map((one) => (typeof one === 'string' ? queues.named(one) : one)) ?? queues.known;
  const excluded = new Set(options.excludeQueues);
  const consumed = chosen.filter((one) => !excluded.has(one.name) && !excluded.has(one.alias ?? ''));
  return settings.workerDirect ? [...consumed, workerDirect(name)] : consumed;
}

function createPool(app: Ctq, options: WorkerOptions, logger: Logger, name: string): Pool {
  const { kernel } = app;
  const { settings, clock } = kernel;
  const chosen = options.pool ?? settings.workerPool;
  const factory = typeof chosen === 'string' ? poolNamed(chosen) : chosen;
  return factory({
    size: options.concurrency ?? settings.workerConcurrency ?? undefined,
    execute: (execution) => executeIntercepted(kernel, execution),
    clock,
    logger,
    locator: app.locator,
    handOver: () => app.handOver(),
    hostname: name,
    store: kernel.results,
    recycle: {
      maxTasks: settings.workerMaxTasksPerChild ?? Number.POSITIVE_INFINITY,
      maxMemoryKiB: settings.workerMaxMemoryPerChild ?? Number.POSITIVE_INFINITY,
    },
    startTimeoutMs: durationMs(settings.workerProcAliveTimeout),
  });
}

/** Python's `if __name__ == '__main__'`, forgotten. */
function workerInSlot(app: string): ConfigurationError {
  return new ConfigurationError(
    'CTQ_WORKER_IN_SLOT',
    `The module of the app '${app}' starts a worker when it is imported, and a thread or process of a worker's pool has imported it for its tasks. Start the worker in a module of its own.`,
  );
}
