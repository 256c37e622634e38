import {
  type AnyTask,
  type CommandedCall,
  type Ctq,
  type RateLimit,
  type RevokeOptions,
  revocationsOf,
  type StampedHeaders,
  stampRevocationsOf,
  type TimeLimitChange,
  type WorkerEvent,
  type WorkerProcessEvent,
} from '@ctq/core';
import type { Queue } from '@ctq/messaging';
import {
  ConfigurationError,
  Deadline,
  deferred,
  type Duration,
  durationMs,
  type Logger,
  type Service,
  type ServiceGroup,
  serviceGroup,
  type Timer,
} from '@ctq/runtime';
import type { TaskRequest } from './execute/task-request.js';
import type { HealthFacts } from './health/examine.js';
import { nodeName } from './node-name.js';
import type { Pool } from './pool/pool.js';
import { slotMark } from './pool/slots/slot-messages.js';
import { oldNameWarnings } from './report/old-names.js';
import { unenforcedLimits } from './report/unenforced-limits.js';
import { type WorkerInfo, workerInfo } from './report/worker-info.js';
import type { WorkerPhase, WorkerStatus } from './report/worker-status.js';
import { ServiceLife } from './service-life.js';
import { coldShutdownMs, WorkerShutdownError } from './shutdown.js';
import { SoftShutdown } from './soft-shutdown.js';
import type { WorkerOptions, WorkerStopOptions, WorkerTerminateOptions } from './worker-options.js';
import { resizePool, type WorkerParts, workerParts } from './worker-parts.js';

/**
 * Runs the tasks of an app.
 *
 * ```ts
 * await using worker = new Worker(app, { module: import.meta.url, concurrency: 20 });
 * await worker.start();
 * ```
 *
 * It is a list of services, started in this order and stopped in reverse (Celery's bootsteps):
 * 1. health server, where one is wanted: answers probes from the first moment to the last;
 * 2. pool: where functions run;
 * 3. connection: the worker's own, to consume from;
 * 4. lease keeper: keeps what is held while a task blocks the event loop;
 * 5. block watch, where tasks run on the main loop: says which one blocked it;
 * 6. revocations: what is not to be run, from the app's store and the state file;
 * 7. events: of the worker and its tasks, over a connection of their own;
 * 8. mingle: asks the other workers what is revoked;
 * 9. gossip: listens to who is there, and takes part in elections;
 * 10. heart: tells the others that this one is there, also while it drains;
 * 11. remote control: answers commands, also while the worker drains;
 * 12. task consumer: takes messages and sees to them.
 *
 * It installs no signal handlers and does not print; `@ctq/cli` does.
 */
export class Worker implements Service, AsyncDisposable {
  /** Its node name. */
  readonly name: string;
  readonly #app: Ctq;
  readonly #options: WorkerOptions;
  readonly #logger: Logger;
  readonly #parts: WorkerParts;
  readonly #group: ServiceGroup;
  readonly #life: ServiceLife;
  readonly #finished = deferred();
  #failure: Error | undefined;
  #soft: SoftShutdown | undefined;
  /** Keeps the process: waits for a broker do not. */
  #stay: Timer | undefined;
  #isStarted = false;
  #isSetUp = false;
  #hasStarted = false;
  #isStopped = false;
  #isShuttingDown: 'warm' | 'cold' | undefined;
  #shutdownTold: Promise<void> | undefined;

  constructor(app: Ctq, options: WorkerOptions = {}) {
    const { module, moduleExport = 'app' } = options;
    if (module !== undefined) app.locate({ url: module, export: moduleExport });
    const { kernel } = app;
    this.name = nodeName(options.hostname);
    void kernel.signals.workerInit.send(this.name, () => ({ sender: this.name }));
    const logger = options.logger ?? kernel.logger;
    this.#app = app;
    this.#options = options;
    this.#logger = logger;
    this.#life = new ServiceLife(this.name);
    this.#parts = workerParts({ app, options, name: this.name, logger, facts: () => this.#facts(), worker: this });
    const { services } = this.#parts;
    this.#group = serviceGroup(this.name, services, () => Deadline.after(5_000, kernel.clock));
    void this.#group.failed.then((error) => {
      this.#failure = error;
    });
  }

  get queues(): readonly Queue[] {
    return this.#parts.consumer.queues.all;
  }

  get pool(): Pool {
    return this.#parts.pool;
  }

  get concurrency(): number {
    return this.pool.size;
  }

  /** How many messages it asks the broker for; 0 for no limit. */
  get prefetchCount(): number {
    return this.#parts.consumer.prefetchCount;
  }

  /** What it runs. */
  get active(): readonly CommandedCall[] {
    return this.#parts.consumer.requests.active.map(commandedCall);
  }

  /** What it has taken and not begun. */
  get reserved(): readonly CommandedCall[] {
    return this.#parts.consumer.requests.reserved.map(commandedCall);
  }

  /** Resolves with the error when the worker cannot go on: the broker is lost for good, a pool broke. Stop it then. */
  get failed(): Promise<Error> {
    return this.#group.failed;
  }

  /** Resolves when a stop is over, however it went. */
  get finished(): Promise<void> {
    return this.#finished.promise;
  }

  /** Where it is in its life. */
  get phase(): WorkerPhase {
    if (this.#isStopped) return 'stopped';
    if (this.#isShuttingDown === 'cold') return this.#soft?.isOver === false ? 'soft' : 'cold';
    if (this.#isShuttingDown === 'warm') return 'warm';
    if (this.#hasStarted) return 'running';
    return this.#isStarted ? 'starting' : 'created';
  }

  /** Where probes are answered; undefined where and while they are not. */
  get healthAddress(): { readonly host: string; readonly port: number } | undefined {
    return this.#parts.health?.address;
  }

  /** Imports the task modules and starts to consume. Resolves when it does. The process stays until the worker is stopped, also while there is no broker. */
  start(signal: AbortSignal = new AbortController().signal): Promise<void> {
    return this.#life.start(signal, async (pending) => {
      this.#stay = this.#app.kernel.clock.setTimer(() => undefined, Number.POSITIVE_INFINITY);
      try {
        await this.#start(pending);
      } catch (error) {
        this.#stay.cancel();
        throw error;
      }
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
    this.#parts.autoscaler?.stop();
    const told = this.#tellShuttingDown('warm', signal);
    // Both at once: the group makes a pending start give up, and the start is over when the group has rolled back.
    try {
      await Promise.all([this.#group.stop(deadline), deadline.wait(this.#life.stopping()), told]);
      await this.#tellShutdown(deadline);
    } finally {
      this.#stay?.cancel();
      // One that failed is over, too.
      this.#isStopped = true;
      this.#finished.resolve();
    }
  }

  /**
   * Cold shutdown: aborts the signals of what runs, waits a moment, and gives everything back that is not done. Nothing is lost where
   * messages are acknowledged late; what was acknowledged early is cancelled.
   *
   * With a soft timeout it is warm for that long first. Called again meanwhile it goes on at once.
   */
  async terminate({ signal, softTimeout }: WorkerTerminateOptions = {}): Promise<void> {
    const told = this.#tellShuttingDown('cold', signal);
    const soft = this.#softShutdown(softTimeout ?? this.#app.kernel.settings.workerSoftShutdownTimeout);
    if (soft !== undefined) await soft;
    const stopped = this.stop(Deadline.after(coldShutdownMs, this.#app.kernel.clock));
    // After the stop has begun: a slot that is freed now is not filled again.
    this.pool.abandon(new WorkerShutdownError());
    await Promise.all([stopped, told]);
  }

  /** What it does just now. */
  status(): WorkerStatus {
    return {
      hostname: this.name,
      phase: this.phase,
      connection: this.#parts.connection.state,
      isConsuming: this.#parts.consumer.isConsuming,
      pool: this.pool.name,
      concurrency: this.pool.size,
      queues: this.queues.map(({ name }) => name),
      running: this.#parts.consumer.unfinished.map(({ name, message, startedAt = 0, deliveryInfo }) => ({
        id: message.id,
        name,
        startedAt,
        redelivered: deliveryInfo.redelivered ?? false,
      })),
      waiting: this.#parts.consumer.waiting,
      held: this.#parts.consumer.held,
    };
  }

  /**
   * Changes the concurrency; what runs is not disturbed. Resolves when there are as many slots.
   * @throws TypeError for a pool that cannot, RangeError for a size that it cannot have.
   */
  resize(concurrency: number): Promise<void> {
    return resizePool(this.pool, this.#parts.consumer, concurrency);
  }

  /** Revokes calls in this worker only, and ends those that run with `terminate`; `app.revoke` is for all of them. */
  revoke(ids: string | readonly string[], options: RevokeOptions = {}): void {
    this.#parts.revoking.revoke(revocationsOf(ids, this.#app.kernel.clock.now(), options));
  }

  /** As `revoke`, for all calls with one of these values in a stamped header. */
  revokeByStampedHeaders(headers: StampedHeaders, options: RevokeOptions = {}): void {
    this.#parts.revoking.revoke(stampRevocationsOf(headers, this.#app.kernel.clock.now(), options));
  }

  /**
   * Changes how often this worker starts a task; null and 0 are no limit. All rate limits of the worker begin anew, and what waits for its turn waits on in its
   * order (celery 5.6 worker/control.py, rate_limit).
   * @throws TaskNotRegisteredError, TypeError for what is not a rate.
   */
  setRateLimit(task: string | AnyTask, limit: RateLimit | null): void {
    const { name } = this.#app.kernel.registry.get(typeof task === 'string' ? task : task.taskName);
    this.#parts.consumer.changeRateLimit(name, limit);
  }

  /**
   * Changes the time limits of a task on this worker, also for those that wait; what is left out is as the settings say (celery 5.6 worker/control.py, time_limit).
   * @throws TaskNotRegisteredError, TypeError for what is no duration.
   */
  setTimeLimits(task: string | AnyTask, limits: TimeLimitChange): void {
    const definition = this.#app.kernel.registry.get(typeof task === 'string' ? task : task.taskName);
    this.#parts.workplace.changeTimeLimits(definition, limits);
  }

  /** Consumes from one queue more, also after a reconnect. @throws TransportError when the broker refuses it. */
  addQueue(queue: string | Queue): Promise<void> {
    const { queues } = this.#app.kernel;
    return this.#parts.consumer.queues.add(typeof queue === 'string' ? queues.named(queue) : queue);
  }

  /** Consumes from a queue no more. What was taken from it is run. */
  cancelQueue(name: string): Promise<void> {
    return this.#parts.consumer.queues.cancel(name);
  }

  /** For banners and monitors. */
  info(): Promise<WorkerInfo> {
    const { name, pool, queues } = this;
    const taskEvents = this.#parts.events.sendsTasks;
    return workerInfo(this.#app, { name, pool, queues, autoscale: this.#options.autoscale, taskEvents });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #start(pending: AbortSignal): Promise<void> {
    if (process.argv.includes(slotMark)) throw workerInSlot(this.#app.name);
    this.#isStarted = true;
    await this.#app.loadModules(this.#options.importModule);
    pending.throwIfAborted();
    const { workerAfterSetup, workerProcessInit, workerReady } = this.#app.kernel.signals;
    await workerAfterSetup.send(this.name, () => this.#event());
    if (this.pool.supports.onMainLoop) await workerProcessInit.send(this.name, () => this.#processEvent());
    this.#isSetUp = true;
    pending.throwIfAborted();
    for (const line of oldNameWarnings(this.#app)) this.#logger.warn(line);
    const warning = unenforcedLimits(this.#app.kernel, this.pool);
    if (warning !== undefined) this.#logger.warn(warning);
    await this.#group.start(pending);
    this.#parts.autoscaler?.start();
    this.#logger.info(`${this.name} ready.`);
    this.#hasStarted = true;
    await workerReady.send(this.name, () => this.#event());
  }

  /** Undefined where nobody waits: there is no time, or nothing to wait for. */
  #softShutdown(timeout: Duration): Promise<void> | undefined {
    this.#soft?.cutShort();
    const { settings, clock } = this.#app.kernel;
    const timeoutMs = durationMs(timeout);
    const waitsIdle = settings.workerEnableSoftShutdownOnIdle;
    const isBusy = this.#parts.consumer.unfinished.length > 0;
    if (this.#soft !== undefined || !this.#hasStarted || timeoutMs === 0 || !(isBusy || waitsIdle)) return undefined;
    this.#logger.warn(`Initiating Soft Shutdown, terminating in ${timeoutMs / 1_000} seconds`);
    this.#soft = new SoftShutdown(timeoutMs, clock);
    // What does not stop cleanly is told by the stop that follows.
    const stopped = this.stop().catch(() => undefined);
    return this.#soft.wait(waitsIdle && !isBusy ? new Promise(() => undefined) : stopped);
  }

  #facts(): HealthFacts {
    return {
      status: this.status(),
      hasStarted: this.#hasStarted,
      failure: this.#failure,
      trouble: this.#parts.consumer.trouble,
    };
  }

  #event(): WorkerEvent {
    return { sender: this.name, worker: this };
  }

  #processEvent(): WorkerProcessEvent {
    return { sender: this.name, pid: process.pid };
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
    this.#shutdownTold ??= this.#tellStopped();
    await deadline.wait(this.#shutdownTold);
  }

  async #tellStopped(): Promise<void> {
    const { workerProcessShutdown, workerShutdown } = this.#app.kernel.signals;
    if (this.#isSetUp && this.pool.supports.onMainLoop)
      await workerProcessShutdown.send(this.name, () => this.#processEvent());
    await workerShutdown.send(this.name, () => this.#event());
  }
}

function commandedCall({ message, startedAt }: TaskRequest): CommandedCall {
  const { id, task, args, kwargs } = message;
  return { id, name: task, args, kwargs, startedAt };
}

/** Python's `if __name__ == '__main__'`, forgotten. */
function workerInSlot(app: string): ConfigurationError {
  return new ConfigurationError(
    'CTQ_WORKER_IN_SLOT',
    `The module of the app '${app}' starts a worker when it is imported, and a thread or process of a worker's pool has imported it for its tasks. Start the worker in a module of its own.`,
  );
}
