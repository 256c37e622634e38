import { type Execution, type Outcome, WorkerLostError } from '@ctq/core';
import { backoffMs, Deadline, type Deferred, deferred, ServiceStoppedError, toError } from '@ctq/runtime';
import { patienceOf } from '../../shutdown.js';
import { checkSize } from '../check-size.js';
import type { Pool, PoolContext, PoolManifest, TimeLimits } from '../pool.js';
import { runWithin } from '../time-limit.js';
import { Slot } from './slot.js';
import { exitText, type StartSlotHost } from './slot-host.js';
import { SlotStartError } from './slot-start-error.js';

/** How long a slot may take to close its app's connections. */
const closeMs = 5_000;
/** How long hooks and signals of a slot that leaves may take. */
const retireMs = 60_000;
/** Between attempts to start a slot again, and how many of them in a row mean that it will not. */
const restart = { firstMs: 500, maxMs: 10_000, attempts: 5 };

/**
 * Runs tasks in slots, each a thread or a process with the application in it, kept warm and one task at a time. A slot can be ended whatever it
 * does: hard limits hold. One that dies is replaced, and its task has the outcome `worker-lost`.
 */
export class SlotPool implements Pool {
  readonly name: string;
  readonly supports: PoolManifest = { terminate: true, onMainLoop: false, isolation: true };
  readonly #context: PoolContext;
  readonly #startHost: StartSlotHost;
  readonly #slots = new Set<Slot>();
  readonly #idle: Slot[] = [];
  /** Who waits for a slot, in their order: there are fewer than the size says while one is replaced. */
  readonly #waiting: Deferred<Slot>[] = [];
  readonly #running = new Map<Execution, Slot>();
  /** Of executions that ended, as long as somebody may have to hear of them. */
  readonly #ran = new WeakMap<Execution, Slot>();
  readonly #failure = deferred<Error>();
  readonly #stopping = new AbortController();
  readonly #leaving = new Set<Promise<void>>();
  #size: number;
  #failedStarts = 0;
  #quiet: Deferred<void> | undefined;

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
  async start(signal: AbortSignal): Promise<void> {
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
  }

  async run(execution: Execution, limits: TimeLimits): Promise<Outcome> {
    const slot = this.#idle.pop() ?? (await this.#nextFree());
    if (slot === undefined) return lost(execution, 'The pool was stopped before there was a slot for it.');
    this.#running.set(execution, slot);
    try {
      const { hardMs, softMs } = limits;
      if (hardMs === undefined && softMs === undefined) return await slot.run(execution);
      return await runWithin(
        limits,
        execution,
        (limited) => slot.run(limited),
        () => slot.kill(),
      );
    } finally {
      this.#running.delete(execution);
      if (slot.isAwaited) this.#ran.set(execution, slot);
      this.#release(slot);
    }
  }

  tell(execution: Execution, outcome: Outcome): Promise<void> | undefined {
    return this.#ran.get(execution)?.tell(execution, outcome);
  }

  forget(execution: Execution): void {
    this.#ran.get(execution)?.forget(execution);
  }

  abandon(reason: Error): void {
    for (const execution of this.#running.keys()) execution.abort.abort(reason);
  }

  /** Ends the code of one execution at once; its outcome is `worker-lost`. False when it does not run here. */
  terminate(execution: Execution): boolean {
    const slot = this.#running.get(execution);
    void slot?.kill();
    return slot !== undefined;
  }

  /** Adds slots, or lets go of as many as soon as they are free. Resolves when the added ones are ready. */
  async resize(size: number): Promise<void> {
    checkSize(size);
    this.#size = size;
    while (this.#slots.size > this.#size && this.#idle.length > 0) this.#retire(this.#idle.pop() as Slot);
    const missing = Math.max(0, this.#size - this.#slots.size);
    await Promise.all(Array.from({ length: missing }, () => this.#open(this.#stopping.signal)));
  }

  /** Waits for what runs; what is not done shortly before the deadline is ended. */
  async stop(deadline: Deadline): Promise<void> {
    this.#stopping.abort(new ServiceStoppedError(this.name));
    for (const waiting of this.#waiting.splice(0)) waiting.reject(new ServiceStoppedError(this.name));
    if (this.#running.size > 0) {
      this.#quiet ??= deferred();
      // Ending them takes a moment, too.
      if (!(await patienceOf(deadline).wait(this.#quiet.promise))) {
        this.abandon(new Error('The worker was stopped before the task was done.'));
        await Promise.all([...new Set(this.#running.values())].map((slot) => slot.kill()));
      }
    }
    const closing = deadline.within(closeMs);
    await Promise.all([...this.#slots].map((slot) => slot.close(closing)));
    await Promise.all(this.#leaving);
  }

  /** A new slot, once the application is loaded in it. */
  async #open(signal: AbortSignal): Promise<void> {
    const { clock, logger, locator, handOver, hostname, store, startTimeoutMs } = this.#context;
    if (locator === undefined) throw SlotStartError.unlocated(this.name);
    const start = { locator, handedOver: handOver(), hostname };
    const slot = new Slot({ startHost: this.#startHost, start, store, clock, logger, startTimeoutMs });
    this.#slots.add(slot);
    void slot.gone.then(() => this.#onGone(slot));
    await slot.ready(signal);
    this.#offer(slot);
  }

  #offer(slot: Slot): void {
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#idle.push(slot);
    else waiting.resolve(slot);
  }

  async #nextFree(): Promise<Slot | undefined> {
    if (this.#stopping.signal.aborted) return undefined;
    const waiting = deferred<Slot>();
    this.#waiting.push(waiting);
    return await waiting.promise.catch(() => undefined);
  }

  #release(slot: Slot): void {
    if (this.#running.size === 0) this.#quiet?.resolve();
    // One that is gone is replaced where that is noticed.
    if (slot.exit !== undefined || !this.#slots.has(slot)) return;
    if (this.#slots.size > this.#size) this.#retire(slot);
    else if (this.#isWornOut(slot)) {
      this.#retire(slot);
      void this.#replace();
    } else this.#offer(slot);
  }

  #isWornOut({ runs, memoryKiB }: Slot): boolean {
    const { maxTasks, maxMemoryKiB } = this.#context.recycle;
    return runs >= maxTasks || memoryKiB > maxMemoryKiB;
  }

  /** Out of the pool; it leaves when its hooks have heard of what they wait for. */
  #retire(slot: Slot): void {
    this.#slots.delete(slot);
    const leaving = slot.retire(Deadline.after(retireMs, this.#context.clock)).then(() => {
      this.#leaving.delete(leaving);
    });
    this.#leaving.add(leaving);
  }

  #onGone(slot: Slot): void {
    if (!this.#slots.delete(slot)) return;
    const index = this.#idle.indexOf(slot);
    if (index >= 0) this.#idle.splice(index, 1);
    if (this.#stopping.signal.aborted || !slot.wasReady) return;
    const { logger } = this.#context;
    if (slot.exit !== undefined && !slot.wasEnded) logger.error(`The ${slot.title} ended: ${exitText(slot.exit)}`);
    void this.#replace();
  }

  /** Tries until a slot starts, the pool is stopped, or it has failed too often to go on. */
  async #replace(): Promise<void> {
    const { clock, logger } = this.#context;
    const { signal } = this.#stopping;
    while (!signal.aborted && this.#slots.size < this.#size) {
      try {
        await this.#open(signal);
        this.#failedStarts = 0;
      } catch (thrown) {
        if (signal.aborted) return;
        const error = toError(thrown);
        this.#failedStarts += 1;
        if (this.#failedStarts >= restart.attempts) {
          this.#failure.resolve(error);
          return;
        }
        const pauseMs = backoffMs(this.#failedStarts - 1, { ...restart, jitter: 'equal' });
        logger.error({ err: error, retryInMs: Math.round(pauseMs) }, `Couldn't start a slot of the pool ${this.name}`);
        await clock.sleep(pauseMs, signal).catch(() => undefined);
      }
    }
  }
}

function lost({ message }: Execution, why: string): Outcome {
  const error = new WorkerLostError(`${message.task}[${message.id}] was not run. ${why}`);
  return { kind: 'failure', error, reason: 'worker-lost', runtimeMs: 0 };
}
