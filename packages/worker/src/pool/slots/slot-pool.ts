import { type Execution, type Outcome, WorkerLostError } from '@ctq/core';
import { backoffMs, Deadline, type Deferred, deferred, ServiceStoppedError, type Timer, toError } from '@ctq/runtime';
import { patienceOf, WorkerShutdownError } from '../../shutdown.js';
import { checkSize } from '../check-size.js';
import type { Pool, PoolContext, PoolInfo, PoolManifest, TimeLimits } from '../pool.js';
import { runWithin } from '../time-limit.js';
import { Slot } from './slot.js';
import { exitText, type StartSlotHost } from './slot-host.js';
import { slotPoolInfo } from './slot-pool-info.js';
import { SlotStartError } from './slot-start-error.js';
import { TaskPace } from './task-pace.js';

/** How long a slot may take to close its app's connections. */
const closeMs = 5_000;
/** How long hooks and signals of a slot that leaves may take. */
const retireMs = 60_000;
/** A short task that takes longer than this is not one. */
const stallMs = 25;
/** Between attempts to start a slot again, and how many of them in a row mean that it will not. */
const restart = { firstMs: 500, maxMs: 10_000, attempts: 5 };

/** Starts that came to nothing, one after the other, in the place of one slot. */
interface FailedStarts {
  readonly count: number;
  /** Of the last one. */
  readonly error: Error;
}

/**
 * Runs tasks in slots, each a thread or a process with the application in it, kept warm and one task at a time: the next one begins when hooks and
 * signals have heard of the last. Of short tasks a slot is given some more while it runs one, or it would do nothing for the time that a message takes. A
 * slot can be ended whatever it does: hard limits hold. One that dies is replaced, and its task has the outcome `worker-lost`.
 */
export class SlotPool implements Pool {
  readonly name: string;
  readonly supports: PoolManifest = { terminate: true, onMainLoop: false, isolation: true };
  readonly #context: PoolContext;
  readonly #startHost: StartSlotHost;
  readonly #slots = new Set<Slot>();
  readonly #idle: Slot[] = [];
  /** Who waits for a slot, in their order: there are fewer than the size says while one is replaced. */
  readonly #waiting = new Map<Execution, Deferred<Slot | Outcome>>();
  /** Those that run, and those that are begun next where they are. */
  readonly #running = new Map<Execution, Slot>();
  /** How many of them each slot has. Not what it was sent: who was promised a slot has it already. */
  readonly #claims = new Map<Slot, number>();
  /** Terminated before they were begun. */
  readonly #dismissed = new WeakSet<Execution>();
  readonly #pace = new TaskPace();
  /** Of executions that ended, as long as somebody may have to hear of them. */
  readonly #ran = new WeakMap<Execution, Slot>();
  /** Slots that belong to the pool no longer, until they have left. */
  readonly #leaving = new Set<Slot>();
  /** What came before a slot in its place. */
  readonly #failedBefore = new WeakMap<Slot, FailedStarts>();
  /** Those that were there at a restart, and are to be replaced. */
  readonly #outdated = new WeakSet<Slot>();
  readonly #failure = deferred<Error>();
  readonly #stopping = new AbortController();
  #size: number;
  #isOpen = false;
  /** The start and changes of the size: one after the other. */
  #changed: Promise<void> = Promise.resolve();
  #quiet: Deferred<void> | undefined;
  #watching: Timer | undefined;

  constructor(name: string, size: number, startHost: StartSlotHost, context: PoolContext) {
    checkSize(size);
    this.name = name;
    this.#size = size;
    this.#startHost = startHost;
    this.#context = context;
  }

  get size(): number {
    return this.#size;
  }

  /** Resolves when slots do not start any more. */
  get failed(): Promise<Error> {
    return this.#failure.promise;
  }

  /** Resolves when every slot has the application loaded. @throws SlotStartError when one cannot. */
  start(signal: AbortSignal): Promise<void> {
    const started = this.#start(signal);
    this.#changed = started.catch(() => undefined);
    return started;
  }

  async run(execution: Execution, limits: TimeLimits): Promise<Outcome> {
    for (;;) {
      // Without a wait where there is one: whoever asks next is to see that it is taken.
      const found = this.#slotFor(execution, limits);
      const slot = found instanceof Promise ? await found : found;
      if (!(slot instanceof Slot)) return slot;
      const outcome = await this.#runIn(slot, execution, limits);
      if (outcome !== undefined) return outcome;
      // It was not begun there.
      if (this.#dismissed.has(execution)) return lost(execution, wasTerminated);
    }
  }

  /** Short tasks are given to a slot that still runs others: it begins the next one without asking. */
  takesAhead(execution: Execution): boolean {
    return this.#waiting.size === 0 && !this.#stopping.signal.aborted && this.#slotAhead(execution) !== undefined;
  }

  tell(execution: Execution, outcome: Outcome): Promise<void> | undefined {
    return this.#ran.get(execution)?.tell(execution, outcome);
  }

  forget(execution: Execution): void {
    this.#ran.get(execution)?.forget(execution);
  }

  abandon(reason: Error): void {
    for (const execution of [...this.#running.keys(), ...this.#waiting.keys()]) execution.abort.abort(reason);
    for (const execution of [...this.#waiting.keys()]) this.#dismiss(execution, reason.message);
  }

  /** Ends the code of one execution at once, or lets go of it before it has a slot; its outcome is `worker-lost`. False when it is not here. */
  terminate(execution: Execution): boolean {
    const slot = this.#running.get(execution);
    if (slot === undefined) return this.#dismiss(execution, wasTerminated);
    if (slot.first === undefined || slot.first.execution === execution) void slot.kill();
    else {
      this.#dismissed.add(execution);
      slot.recall(execution);
    }
    return true;
  }

  /**
   * Adds slots, or lets go of as many as soon as they are free. Resolves when the added ones are ready; one that gets ready before the others takes its
   * share. When one cannot be started the pool has its old size again.
   *
   * @throws SlotStartError when one cannot be started, ServiceStoppedError when the pool is stopped.
   */
  resize(size: number): Promise<void> {
    const resized = this.#changed.then(() => this.#resize(size));
    this.#changed = resized.catch(() => undefined);
    return resized;
  }

  restart(): void {
    for (const slot of this.#slots) if (slot.wasReady) this.#outdated.add(slot);
    for (const slot of this.#idle.splice(0)) this.#offer(slot);
  }

  pidOf(execution: Execution): number | undefined {
    return this.#running.get(execution)?.pid;
  }

  info(): PoolInfo {
    const { fair, recycle } = this.#context;
    return slotPoolInfo({ name: this.name, slots: [...this.#slots], fair, maxTasks: recycle.maxTasks });
  }

  /** Waits for what runs; what is not done shortly before the deadline is ended. */
  async stop(deadline: Deadline): Promise<void> {
    this.#stopping.abort(new ServiceStoppedError(this.name));
    for (const execution of [...this.#waiting.keys()]) this.#dismiss(execution, wasStopped);
    if (this.#running.size > 0) {
      this.#quiet ??= deferred();
      // Ending them takes a moment, too.
      if (!(await patienceOf(deadline).wait(this.#quiet.promise))) {
        this.abandon(new Error('The worker was stopped before the task was done.'));
        await Promise.all([...new Set(this.#running.values())].map((slot) => slot.kill()));
      }
    }
    this.#watching?.cancel();
    const closing = deadline.within(closeMs);
    await Promise.all([...this.#slots, ...this.#leaving].map((slot) => slot.close(closing)));
  }

  async #start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#stopping.signal.aborted) throw new ServiceStoppedError(this.name);
    const starting = AbortSignal.any([signal, this.#stopping.signal]);
    try {
      await Promise.all(Array.from({ length: this.#size }, () => this.#open(starting)));
    } catch (error) {
      await Promise.all([...this.#slots].map((slot) => slot.kill()));
      signal.throwIfAborted();
      throw this.#stopping.signal.aborted ? new ServiceStoppedError(this.name) : error;
    }
    this.#isOpen = true;
    // One may have died while others were loading.
    void this.#replace();
  }

  async #resize(size: number): Promise<void> {
    checkSize(size);
    const { signal } = this.#stopping;
    signal.throwIfAborted();
    const before = this.#size;
    this.#size = size;
    if (!this.#isOpen) return;
    this.#letGo();
    const missing = Math.max(0, size - this.#slots.size);
    const added = await Promise.allSettled(Array.from({ length: missing }, () => this.#open(signal)));
    const failed = added.find((one) => one.status === 'rejected');
    if (failed === undefined) return;
    signal.throwIfAborted();
    this.#size = before;
    this.#letGo();
    throw toError(failed.reason);
  }

  /** Of those that are too many and have nothing to do. */
  #letGo(): void {
    while (this.#slots.size > this.#size && this.#idle.length > 0) this.#retire(this.#idle.pop() as Slot);
  }

  /** A new slot, once the application is loaded in it. */
  async #open(signal: AbortSignal, failed?: FailedStarts): Promise<void> {
    const { clock, logger, locator, handOver, hostname, store, startTimeoutMs } = this.#context;
    if (locator === undefined) throw SlotStartError.unlocated(this.name);
    const isWeighed = Number.isFinite(this.#context.recycle.maxMemoryKiB);
    const start = { locator, handedOver: handOver(), hostname, isWeighed };
    const slot = new Slot({ startHost: this.#startHost, start, store, clock, logger, startTimeoutMs });
    if (failed !== undefined) this.#failedBefore.set(slot, failed);
    this.#slots.add(slot);
    void slot.gone.then(() => this.#onGone(slot));
    await slot.ready(signal);
    this.#offer(slot);
  }

  /** A slot, or how the execution ends without one. */
  #slotFor(execution: Execution, { hardMs, softMs }: TimeLimits): Slot | Outcome | Promise<Slot | Outcome> {
    const idle = this.#idle.pop();
    // Limits are of the time in which it runs, and what waits behind others does not.
    const isLimited = hardMs !== undefined || softMs !== undefined;
    const slot = idle ?? (isLimited || this.#waiting.size > 0 ? undefined : this.#slotAhead(execution));
    if (slot !== undefined) {
      this.#claim(slot, execution);
      if (idle === undefined) this.#watch();
      return slot;
    }
    if (this.#stopping.signal.aborted) return lost(execution, wasStopped);
    const found = deferred<Slot | Outcome>();
    this.#waiting.set(execution, found);
    return found.promise;
  }

  /** Undefined when it was not begun. */
  async #runIn(slot: Slot, execution: Execution, limits: TimeLimits): Promise<Outcome | undefined> {
    try {
      const { hardMs, softMs } = limits;
      if (hardMs === undefined && softMs === undefined) return this.#noted(execution, await slot.run(execution));
      return await runWithin(
        limits,
        execution,
        (limited) => slot.run(limited),
        () => slot.kill(),
      );
    } finally {
      if (slot.isAwaited) this.#ran.set(execution, slot);
      this.#release(slot, execution);
    }
  }

  #claim(slot: Slot, execution: Execution): void {
    this.#running.set(execution, slot);
    this.#claims.set(slot, (this.#claims.get(slot) ?? 0) + 1);
  }

  /** Whoever is the last to leave a slot offers it: several may end in one turn. */
  #release(slot: Slot, execution: Execution): void {
    this.#running.delete(execution);
    if (this.#running.size === 0) this.#quiet?.resolve();
    const claims = (this.#claims.get(slot) ?? 1) - 1;
    if (claims > 0) return void this.#claims.set(slot, claims);
    this.#claims.delete(slot);
    this.#offer(slot);
  }

  #noted({ definition }: Execution, outcome: Outcome | undefined): Outcome | undefined {
    if (outcome !== undefined) this.#pace.note(definition.name, outcome.runtimeMs);
    return outcome;
  }

  /** The slot with the least to do of those to which one more may be given. */
  #slotAhead({ definition }: Execution): Slot | undefined {
    const depth = this.#context.fair ? 1 : this.#pace.depthOf(definition.name);
    if (depth === 1) return undefined;
    let found: Slot | undefined;
    for (const slot of this.#slots)
      if (slot.load < depth && slot.load < (found?.load ?? depth) && this.#isBrisk(slot)) found = slot;
    return found;
  }

  /** It is there, will be for a while, and what it runs is short. */
  #isBrisk(slot: Slot): boolean {
    const { first, runs, load, memoryKiB, isAwaited, wasEnded, exit } = slot;
    if (first === undefined || isAwaited || wasEnded || exit !== undefined) return false;
    const { maxTasks, maxMemoryKiB } = this.#context.recycle;
    const isWorn = runs + load > maxTasks || memoryKiB > maxMemoryKiB;
    return (
      !isWorn &&
      !this.#outdated.has(slot) &&
      this.#slots.size <= this.#size &&
      this.#pace.depthOf(first.execution.definition.name) > 1
    );
  }

  /** Looks after what waits behind others: it is taken back where one of those takes longer than it used to. */
  #watch(): void {
    const { clock } = this.#context;
    this.#watching ??= clock.setTimer(
      () => {
        this.#watching = undefined;
        const now = clock.monotonic();
        let isAhead = false;
        for (const slot of this.#slots) {
          const { first, load } = slot;
          if (first === undefined || load < 2) continue;
          isAhead = true;
          if (now - first.since < stallMs) continue;
          this.#pace.isLong(first.execution.definition.name);
          slot.recall();
        }
        if (isAhead) this.#watch();
      },
      stallMs,
      { background: true },
    );
  }

  /** Lets go of one that waits. False when it does not. */
  #dismiss(execution: Execution, why: string): boolean {
    const found = this.#waiting.get(execution);
    this.#waiting.delete(execution);
    found?.resolve(lost(execution, why));
    return found !== undefined;
  }

  /** What becomes of a slot that has nothing to do. */
  #offer(slot: Slot): void {
    // One that is gone, or about to be, is replaced where that is noticed.
    if (!this.#slots.has(slot) || slot.exit !== undefined || slot.wasEnded) return;
    if (this.#slots.size > this.#size) this.#retire(slot);
    else if (this.#isWornOut(slot)) {
      this.#retire(slot);
      void this.#replace();
    } else if (slot.isAwaited) void slot.heard().then(() => this.#offer(slot));
    else this.#fill(slot);
  }

  #fill(slot: Slot): void {
    for (const [execution, found] of this.#waiting) {
      // The worker let go of it, and its message goes back.
      if (WorkerShutdownError.isInstance(execution.abort.reason)) this.#dismiss(execution, wasStopped);
      else {
        this.#waiting.delete(execution);
        this.#claim(slot, execution);
        found.resolve(slot);
        return;
      }
    }
    this.#idle.push(slot);
  }

  #isWornOut(slot: Slot): boolean {
    const { runs, memoryKiB } = slot;
    const { maxTasks, maxMemoryKiB } = this.#context.recycle;
    return this.#outdated.has(slot) || runs >= maxTasks || memoryKiB > maxMemoryKiB;
  }

  /** Out of the pool; it leaves when its hooks have heard of what they wait for. */
  #retire(slot: Slot): void {
    this.#slots.delete(slot);
    this.#leaving.add(slot);
    const deadline = Deadline.after(retireMs, this.#context.clock);
    void slot.retire(deadline).then(() => this.#leaving.delete(slot));
  }

  #onGone(slot: Slot): void {
    if (!this.#slots.delete(slot)) return;
    const index = this.#idle.indexOf(slot);
    if (index >= 0) this.#idle.splice(index, 1);
    // One that was never ready is the business of who opened it.
    if (!this.#isOpen || this.#stopping.signal.aborted || !slot.wasReady) return;
    const { exit } = slot;
    if (exit === undefined || slot.wasEnded) return void this.#replace();
    this.#context.logger.error(`The ${slot.title} ended: ${exitText(exit)}`);
    if (slot.runs > 0) return void this.#replace();
    const count = (this.#failedBefore.get(slot)?.count ?? 0) + 1;
    void this.#replace({ count, error: SlotStartError.unused(slot.title, exit) });
  }

  /**
   * Tries until there are as many slots as the size says, or the pool is stopped. One that ends before it has run a task counts as one that did not start: an
   * application that ends its process would be loaded again and again.
   */
  async #replace(failedBefore?: FailedStarts): Promise<void> {
    let failed = failedBefore;
    for (;;) {
      if (failed !== undefined && !(await this.#pauseAfter(failed))) return;
      if (this.#stopping.signal.aborted || this.#slots.size >= this.#size) return;
      try {
        await this.#open(this.#stopping.signal, failed);
        failed = undefined;
      } catch (thrown) {
        if (this.#stopping.signal.aborted) return;
        failed = { count: (failed?.count ?? 0) + 1, error: toError(thrown) };
      }
    }
  }

  /** False when it was the last attempt: the pool has failed. */
  async #pauseAfter({ count, error }: FailedStarts): Promise<boolean> {
    const { clock, logger } = this.#context;
    if (count >= restart.attempts) {
      this.#failure.resolve(error);
      return false;
    }
    const pauseMs = backoffMs(count - 1, { ...restart, jitter: 'equal' });
    logger.error({ err: error, retryInMs: Math.round(pauseMs) }, `Couldn't start a slot of the pool ${this.name}`);
    await clock.sleep(pauseMs, this.#stopping.signal).catch(() => undefined);
    return true;
  }
}

const wasTerminated = 'It was terminated before there was a slot for it.';
const wasStopped = 'The pool was stopped before there was a slot for it.';

function lost({ message }: Execution, why: string): Outcome {
  const error = new WorkerLostError(`${message.task}[${message.id}] was not run. ${why}`);
  return { kind: 'failure', error, reason: 'worker-lost', runtimeMs: 0 };
}
