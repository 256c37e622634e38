import { type Execution, type Outcome, storedError, WorkerLostError } from '@ctq/core';
import { type Clock, type Deadline, deferred, type Deferred, type Logger, toError } from '@ctq/runtime';
import { decodeOutcome, encodeOutcome, type OutcomeStore } from './outcome-codec.js';
import { exitText, type SlotExit, type SlotHost, type StartSlotHost } from './slot-host.js';
import type { FromSlot, SlotStart } from './slot-messages.js';
import { SlotStartError } from './slot-start-error.js';

export interface SlotOptions {
  readonly startHost: StartSlotHost;
  readonly start: SlotStart;
  readonly store: OutcomeStore;
  readonly clock: Clock;
  readonly logger: Logger;
  /** It is given up when it is not ready by then. */
  readonly startTimeoutMs: number;
}

interface Awaited {
  readonly run: number;
  /** What the slot has of it. */
  readonly kind: Outcome['kind'];
  readonly told: Deferred<void>;
}

interface Running {
  readonly run: number;
  readonly execution: Execution;
  readonly ended: Deferred<Outcome>;
  readonly startedAt: number;
}

/**
 * A thread or a process with the application in it, seen from the worker. It runs one task at a time.
 * ```
 * starting ─► idle ⇄ running ─► closing ─► gone
 *     └────────┴────────┴───────────────────▲   killed, or died by itself
 * ```
 */
export class Slot {
  readonly #options: SlotOptions;
  readonly #host: SlotHost;
  readonly #ready = deferred();
  /** Runs that are over, of which somebody in the slot wants to hear. */
  readonly #awaited = new Map<Execution, Awaited>();
  #running: Running | undefined;
  #exit: SlotExit | undefined;
  #wasReady = false;
  #wasEnded = false;
  #runs = 0;
  #memoryKiB = 0;

  constructor(options: SlotOptions) {
    this.#options = options;
    const { start, logger } = options;
    this.#host = options.startHost({
      onMessage: (message) => this.#onMessage(message),
      onLine: (line) => logger.warn({ slot: this.title }, line),
    });
    this.#host.send({ kind: 'open', start });
    void this.#host.exited.then((exit) => this.#onExit(exit));
    this.#ready.promise.catch(() => undefined);
  }

  /** For logs and errors: `process 4711`, `thread 3`. */
  get title(): string {
    return this.#host.title;
  }

  /** Whether the application was ever loaded in it. */
  get wasReady(): boolean {
    return this.#wasReady;
  }

  /** Whether it was ended on purpose. */
  get wasEnded(): boolean {
    return this.#wasEnded;
  }

  /** How many tasks it has run. */
  get runs(): number {
    return this.#runs;
  }

  /** What it took after the last run. */
  get memoryKiB(): number {
    return this.#memoryKiB;
  }

  /** Whether hooks or signals in it still wait to hear of an outcome. */
  get isAwaited(): boolean {
    return this.#awaited.size > 0;
  }

  /** How it ended; undefined as long as it has not. */
  get exit(): SlotExit | undefined {
    return this.#exit;
  }

  /** Resolves when it has ended. */
  get gone(): Promise<SlotExit> {
    return this.#host.exited;
  }

  /** @throws SlotStartError when the application cannot be loaded in it; it is gone then. The signal's reason when aborted. */
  async ready(signal: AbortSignal): Promise<void> {
    const { clock, startTimeoutMs } = this.#options;
    const given = deferred<never>();
    const onAbort = (): void => given.reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    const timer = clock.setTimer(
      () => given.reject(SlotStartError.tooSlow(this.title, startTimeoutMs)),
      startTimeoutMs,
    );
    try {
      await Promise.race([this.#ready.promise, given.promise]);
    } catch (error) {
      await this.kill();
      throw error;
    } finally {
      timer.cancel();
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** Never rejects: a slot that dies under a task is an outcome, too. */
  run(execution: Execution): Promise<Outcome> {
    this.#runs += 1;
    const run = this.#runs;
    const { clock } = this.#options;
    const running = { run, execution, ended: deferred<Outcome>(), startedAt: clock.monotonic() };
    this.#running = running;
    if (this.#exit !== undefined) {
      this.#onLost(this.#exit);
      return running.ended.promise;
    }
    const { source: message, deliveryInfo } = execution;
    try {
      this.#host.send({ kind: 'run', job: { run, message, deliveryInfo } });
    } catch (thrown) {
      // A header of a transport of somebody's own, which no message between threads can hold.
      this.#running = undefined;
      running.ended.resolve({ kind: 'failure', error: toError(thrown), reason: 'encoding', runtimeMs: 0 });
      return running.ended.promise;
    }
    execution.abort.onAbort((reason) => this.#host.send({ kind: 'abort', run, reason: storedError(reason) }));
    return running.ended.promise;
  }

  /** Lets hooks and signals hear of the outcome that stands; resolves when they have, or cannot any more. */
  async tell(execution: Execution, outcome: Outcome): Promise<void> {
    const awaited = this.#awaited.get(execution);
    if (awaited === undefined) return;
    const { run, kind, told } = awaited;
    const { store } = this.#options;
    const { options } = execution.definition;
    const instead = outcome.kind === kind ? undefined : encodeOutcome(outcome, { store, options });
    this.#host.send({ kind: 'tell', run, instead });
    await told.promise;
  }

  /** Nobody will `tell` of it, or everybody in the slot has heard. */
  forget(execution: Execution): void {
    const awaited = this.#awaited.get(execution);
    if (awaited === undefined) return;
    this.#awaited.delete(execution);
    awaited.told.resolve();
    this.#host.send({ kind: 'forget', run: awaited.run });
  }

  /** Resolves when everybody in it has heard of what they wait for. */
  async heard(): Promise<void> {
    await Promise.all([...this.#awaited.values()].map(({ told }) => told.promise));
  }

  /** Lets it leave when everybody in it has heard of what they wait for; at the deadline it is killed. */
  async retire(deadline: Deadline): Promise<void> {
    await deadline.wait(this.heard());
    await this.close(deadline);
  }

  /** Lets it leave by itself; at the deadline it is killed. Resolves when it is gone. */
  async close(deadline: Deadline): Promise<void> {
    this.#wasEnded = true;
    this.#host.send({ kind: 'close' });
    if (!(await deadline.wait(this.#host.exited))) await this.kill();
  }

  /** Ends it now, and the task that it runs. Resolves when it is gone. */
  async kill(): Promise<void> {
    this.#wasEnded = true;
    this.#host.kill();
    await this.#host.exited;
  }

  #onMessage(message: FromSlot): void {
    switch (message.kind) {
      case 'ready':
        this.#wasReady = true;
        this.#ready.resolve();
        return;
      case 'unfit':
        this.#ready.reject(SlotStartError.unfit(this.title, message));
        return;
      case 'ended':
        this.#memoryKiB = message.memoryKiB;
        this.#onEnded(message);
        return;
      case 'told':
        for (const [execution, { run }] of this.#awaited) if (run === message.run) this.forget(execution);
        return;
      case 'log':
        this.#options.logger[message.level]({ ...message.fields, slot: this.title }, message.message);
        return;
    }
  }

  #onEnded({ run, outcome, wantsToBeTold }: Extract<FromSlot, { kind: 'ended' }>): void {
    const running = this.#running;
    // It was given up.
    if (running?.run !== run) return;
    this.#running = undefined;
    const { execution, ended } = running;
    if (wantsToBeTold) this.#awaited.set(execution, { run, kind: outcome.kind, told: deferred() });
    ended.resolve(decodeOutcome(outcome, execution.message.id, this.#options.store));
  }

  #onExit(exit: SlotExit): void {
    this.#exit = exit;
    this.#ready.reject(SlotStartError.ended(this.title, exit));
    for (const execution of [...this.#awaited.keys()]) this.forget(execution);
    this.#onLost(exit);
  }

  #onLost(exit: SlotExit): void {
    if (this.#running === undefined) return;
    const { execution, ended, startedAt } = this.#running;
    this.#running = undefined;
    const { task, id } = execution.message;
    const error = new WorkerLostError(`The ${this.title} ended while it ran ${task}[${id}]: ${exitText(exit)}`, {
      details: { exitCode: exit.exitCode, signal: exit.signal },
    });
    const runtimeMs = this.#options.clock.monotonic() - startedAt;
    ended.resolve({ kind: 'failure', error, reason: 'worker-lost', runtimeMs });
  }
}
