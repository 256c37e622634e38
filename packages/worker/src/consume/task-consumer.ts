import type { Connection, Consumer, Delivery, Queue } from '@ctq/messaging';
import type { Deadline, Service } from '@ctq/runtime';
import type { RateLimit, Revocation, TaskDefinition } from '@ctq/core';
import { discardExpired, discardRevoked } from '../execute/discard-call.js';
import { storeCancelled } from '../execute/execute-task.js';
import { giveBack } from '../execute/settle.js';
import type { TaskRequest } from '../execute/task-request.js';
import { TaskRunner } from '../execute/task-runner.js';
import type { Workplace } from '../execute/workplace.js';
import { quarantineTask } from '../poison/quarantine-task.js';
import { concerns } from '../revoke/revocations.js';
import type { LimitHost } from '../limits/limit-host.js';
import { RateLimits } from '../limits/rate-limits.js';
import { SharedLimits } from '../limits/shared-limits.js';
import { ServiceLife } from '../service-life.js';
import { ConnectionLostError, patienceOf, WorkerShutdownError } from '../shutdown.js';
import { ConsumedQueues } from './consumed-queues.js';
import type { DueRequest } from './eta-shelf.js';
import { Prefetch } from './prefetch.js';
import type { PrefetchLimits } from './prefetch-limits.js';
import { receiveTask } from './receive-task.js';
import { refuse } from './refuse.js';
import { Schedule } from './schedule.js';

export interface TaskConsumerOptions {
  readonly connection: () => Connection;
  readonly queues: readonly Queue[];
  readonly workplace: Workplace;
  readonly prefetch: PrefetchLimits;
  /** What the pool may grow to is asked for, or there would be nothing to grow for. Default: what it has. */
  readonly mostSlots?: () => number;
  /** Called for each task that comes in. */
  readonly onReceived?: () => void;
  /** How long what a dead worker ran counts for limits over all workers. */
  readonly limitLeaseMs: number;
}

/** What a worker has, by how far it is. */
export interface HeldRequests {
  /** They run, or have run and are not settled yet. */
  readonly active: readonly TaskRequest[];
  /** They wait for a slot, or for what limits them. */
  readonly reserved: readonly TaskRequest[];
  /** They wait for their time; those that it has parked in the broker are among them as far as it knows. */
  readonly scheduled: readonly DueRequest[];
}

/**
 * Takes task messages off the queues and sees to each of them: refuses it, parks it until it is due, or has it run. Its stop is the worker's warm
 * shutdown: nothing new is taken, what waits goes back, what runs is awaited; what is not done by the deadline goes back too.
 */
export class TaskConsumer implements Service {
  readonly name = 'task consumer';
  readonly queues: ConsumedQueues;
  readonly #options: TaskConsumerOptions;
  readonly #workplace: Workplace;
  readonly #life = new ServiceLife('task consumer');
  readonly #prefetch: Prefetch;
  readonly #runner: TaskRunner;
  readonly #schedule: Schedule;
  readonly #rateLimits: RateLimits;
  readonly #sharedLimits: SharedLimits;
  #arrivals = 0;
  #consumer: Consumer | undefined;
  #isDraining = false;
  #draining: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: TaskConsumerOptions) {
    const { workplace, prefetch, limitLeaseMs, mostSlots = () => 0 } = options;
    this.#options = options;
    this.#workplace = workplace;
    this.queues = new ConsumedQueues({
      ...{ queues: options.queues, logger: workplace.logger },
      consumer: () => this.#consumer,
      isStopping: () => this.#isDraining,
    });
    const { workerEtaTaskLimit, workerEnablePrefetchCountReduction } = workplace.kernel.settings;
    this.#prefetch = new Prefetch({
      size: () => Math.max(workplace.pool.size, mostSlots()),
      ...prefetch,
      etaLimit: workerEtaTaskLimit,
      reduces: workerEnablePrefetchCountReduction,
      change: (count) => this.#consumer?.setPrefetch(count),
      clock: workplace.clock,
      logger: workplace.logger,
    });
    const host = this.#limitHost();
    this.#rateLimits = new RateLimits(host);
    this.#sharedLimits = new SharedLimits({ host, leaseMs: limitLeaseMs });
    this.#runner = new TaskRunner({
      workplace,
      limits: this.#sharedLimits,
      // Late acknowledgement keeps to the prefetch; with early acknowledgement only this holds back a slow result store.
      maxUnfinished: () => Math.max(this.#prefetch.most, workplace.pool.size * 4),
      onFinished: (request) => this.#onFinished(request),
      onStalled: () => this.#onStalled(),
    });
    this.#schedule = new Schedule({
      workplace,
      hold: () => this.#prefetch.hold(),
      release: () => this.#prefetch.release(),
      onDue: (request) => this.#admit(request),
    });
  }

  get failed(): Promise<Error> {
    return this.#life.failed;
  }

  /** What runs, and what has run and is not settled yet. */
  get unfinished(): readonly TaskRequest[] {
    return this.#runner.unfinished;
  }

  /** How many wait for a slot. */
  get waiting(): number {
    return this.#runner.waiting;
  }

  /** How many wait here until they are due. */
  get held(): number {
    return this.#schedule.held;
  }

  /** How many messages the broker is asked for; 0 for no limit. */
  get prefetchCount(): number {
    return this.#prefetch.count;
  }

  get requests(): HeldRequests {
    const unfinished = this.#runner.unfinished;
    return {
      active: unfinished.filter(({ startedAt }) => startedAt !== undefined),
      reserved: [
        ...unfinished.filter(({ startedAt }) => startedAt === undefined),
        ...this.#runner.queued,
        ...this.#rateLimits.waiting,
        ...this.#sharedLimits.waiting,
      ],
      scheduled: this.#schedule.requests,
    };
  }

  /** Whether it is given messages just now. */
  get isConsuming(): boolean {
    return !this.#isDraining && this.#consumer?.isConsuming === true;
  }

  /** Why it is taken for deaf, while it is. */
  get trouble(): string | undefined {
    return this.#consumer?.trouble;
  }

  /** Of one task on this worker, from now on; null for none. @throws TypeError for what is not a rate. */
  changeRateLimit(task: string, limit: RateLimit | null): void {
    this.#rateLimits.change(task, limit);
  }

  /** As it is in force, as somebody wrote it. */
  rateLimitOf(definition: TaskDefinition): RateLimit | string | null | undefined {
    return this.#rateLimits.limitOf(definition);
  }

  start(signal: AbortSignal): Promise<void> {
    return this.#life.start(signal, async (pending) => {
      await this.#sharedLimits.start();
      pending.throwIfAborted();
      const connection = this.#options.connection();
      const { workerMaxSilentTime, brokerConnectionRetry, brokerChannelErrorRetry } = this.#workplace.kernel.settings;
      this.#schedule.parks = connection.transport.supports.delay;
      const consumer = connection.consume({
        queues: this.queues.all,
        prefetch: this.#prefetch.count,
        includeExpired: true,
        retryChannelErrors: brokerConnectionRetry && brokerChannelErrorRetry,
        maxSilentMs: silentMs(workerMaxSilentTime),
        onStuck: (error) => this.#life.fail(error),
        onDelivery: (delivery) => this.#onDelivery(delivery),
        onInterrupted: () => this.#onInterrupted(),
      });
      this.#consumer = consumer;
      try {
        await consumer.start(pending);
      } catch (error) {
        await consumer.close();
        throw error;
      }
    });
  }

  async stop(deadline: Deadline): Promise<void> {
    this.#draining ??= this.#drain();
    if (!(await patienceOf(deadline).wait(this.#draining))) await this.#abandon(deadline);
    await this.#sharedLimits.close(deadline);
    this.#closing ??= this.#consumer?.close() ?? Promise.resolve();
    await deadline.wait(this.#closing);
  }

  /** Ends those that run and are to be ended; those that wait are discarded when it is their turn. */
  onRevoked(revocations: readonly Revocation[]): void {
    const ending = revocations.filter(({ terminate }) => terminate === true);
    if (ending.length > 0) this.#runner.terminate(({ message }) => ending.some((one) => concerns(one, message)));
  }

  async #drain(): Promise<void> {
    this.#isDraining = true;
    this.#runner.close();
    await this.#life.stopping();
    await this.#consumer?.stop();
    await this.#runner.giveBackWaiting([
      ...this.#schedule.clear(),
      ...this.#rateLimits.clear(),
      ...this.#sharedLimits.clear(),
    ]);
    await this.#runner.idle();
  }

  /** Closing the consumer gives back what is unsettled; here everybody lets go of it first. */
  async #abandon(deadline: Deadline): Promise<void> {
    const abandoned = this.#runner.abandon(new WorkerShutdownError());
    if (abandoned.length === 0) return;
    this.#workplace.logger.warn(
      { tasks: abandoned.map(({ name, message }) => `${name}[${message.id}]`) },
      `${abandoned.length} task(s) were not done when the worker had to stop; their messages go back to their queues`,
    );
    for (const request of abandoned) this.#workplace.events.cancelled(request);
    // They were given up and did not crash; their messages go back when the consumer is closed.
    const marked = abandoned.filter(({ standing }) => standing !== undefined);
    await deadline.wait(Promise.all(marked.map((request) => this.#workplace.crashes.end(request))));
    const early = abandoned.filter(({ policy }) => !policy.acksLate);
    if (early.length > 0)
      await deadline.wait(Promise.all(early.map((request) => storeCancelled(request, this.#workplace))));
  }

  /** Tasks that run or wait here. */
  get load(): number {
    return this.#runner.load;
  }

  /** The pool has another size. */
  resized(): void {
    this.#runner.resized();
    this.#prefetch.resized();
  }

  #onDelivery(delivery: Delivery): void {
    const { log, logger } = this.#workplace;
    if (this.#isDraining) return this.#runner.attend(giveBack(delivery, logger));
    const received = receiveTask(delivery, this.#workplace);
    if (received.kind !== 'task') return this.#runner.attend(refuse(delivery, received, this.#workplace));
    const { request, hasExpired, dueAt } = received;
    request.arrival = this.#arrivals += 1;
    this.#schedule.received(request);
    log.received(request, dueAt);
    const revokedBy = hasExpired ? undefined : this.#workplace.revocations.of(request.message);
    if (revokedBy !== undefined) return this.#runner.attend(discardRevoked(request, revokedBy, this.#workplace));
    if (!hasExpired) this.#tellReceived(request, dueAt);
    if (hasExpired) this.#runner.attend(discardExpired(request, this.#workplace));
    else if (dueAt === undefined) this.#admit(request);
    else this.#wait(request, dueAt);
  }

  #wait(request: TaskRequest, dueAt: number): void {
    const parked = this.#schedule.put(request, dueAt);
    if (parked !== undefined) this.#runner.attend(parked);
  }

  #run(request: TaskRequest): void {
    this.#runner.add(request);
    this.#options.onReceived?.();
  }

  #tellReceived(request: TaskRequest, dueAt: number | undefined): void {
    this.#workplace.events.received(request);
    const { taskReceived } = this.#workplace.kernel.signals;
    const told = taskReceived.send(request.message.task, () => ({ ...request.event, dueAt }));
    if (told !== undefined) this.#runner.attend(told);
  }

  /** What waits for its turn is on top of the prefetch, as what waits for its ETA is. */
  #limitHost(): LimitHost {
    const { workplace } = this.#options;
    return {
      workplace,
      proceed: (request) => this.#run(request),
      hold: () => this.#prefetch.hold(),
      release: () => this.#prefetch.release(),
      parks: () => this.#schedule.parks,
      // Stores keep whole milliseconds.
      park: (request, dueAt) => this.#runner.attend(this.#schedule.park(request, Math.ceil(dueAt))),
      giveBack: ({ delivery }) => this.#runner.attend(giveBack(delivery, workplace.logger)),
    };
  }

  #admit(request: TaskRequest): void {
    if (this.#workplace.crashes.isConcernedBy(request)) this.#runner.attend(this.#examine(request));
    else this.#rateLimits.admit(request);
  }

  /** It was delivered before, and may be what ended the process that had it. */
  async #examine(request: TaskRequest): Promise<void> {
    const { crashes, log, logger } = this.#workplace;
    await crashes.examine(request);
    if (this.#isDraining) return giveBack(request.delivery, logger);
    if (crashes.isPoison(request)) return quarantineTask(request, request.standing?.crashes ?? [], this.#workplace);
    request.runsAlone = crashes.isSuspect(request);
    if (request.runsAlone) log.suspected(request, request.standing?.crashes.length ?? 0);
    this.#rateLimits.admit(request);
  }

  /** Long tasks have all slots: what waits behind them may be run by others. */
  #onStalled(): void {
    if (!this.#isDraining) this.#runner.attend(this.#giveBackWaiting());
  }

  async #giveBackWaiting(): Promise<void> {
    const { waiting, unfinished } = this.#runner;
    await this.#runner.giveBackIdle(await this.#prefetch.narrow(waiting, unfinished));
  }

  #onFinished(request: TaskRequest): void {
    if (!this.#isDraining) this.#prefetch.finished(request);
  }

  /** What was delivered on the lost channel is delivered again, perhaps to others. */
  #onInterrupted(): void {
    const { workerCancelLongRunningTasksOnConnectionLoss } = this.#workplace.kernel.settings;
    const unfinished = this.#runner.unfinished;
    this.#runner.forgetLost();
    this.#rateLimits.forgetLost();
    this.#sharedLimits.forgetLost();
    this.#prefetch.forget(this.#schedule.forgetLost());
    if (workerCancelLongRunningTasksOnConnectionLoss) this.#cancelAll();
    this.#prefetch.lost(unfinished, this.#isDraining);
    this.#runner.abortLost(
      ({ name, message }) =>
        new Error(
          `Task ${name}[${message.id}] cannot be acknowledged any more: the connection to the broker was lost.`,
        ),
    );
  }

  /** celery 5.6 worker/consumer/consumer.py, on_connection_error_after_connected: acknowledged ones go on. */
  #cancelAll(): void {
    const { logger } = this.#workplace;
    const cancelled = this.#runner.cancel(
      ({ policy, delivery }) => policy.acksLate && !delivery.isSettled,
      ({ name, message }) => new ConnectionLostError(`${name}[${message.id}]`),
    );
    for (const request of cancelled) {
      logger.warn(
        { data: { id: request.message.id, name: request.name } },
        `Task ${request.name}[${request.message.id}] is cancelled: the connection to the broker was lost before it was acknowledged`,
      );
      this.#workplace.events.cancelled(request);
      this.#runner.attend(storeCancelled(request, this.#workplace));
    }
  }
}

/** Of the setting: none and 0 are for ever. */
function silentMs(seconds: number | undefined): number {
  return seconds === undefined || seconds === 0 ? Number.POSITIVE_INFINITY : seconds * 1_000;
}
