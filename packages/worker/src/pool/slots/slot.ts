import { type Execution, type Outcome, storedError, WorkerLostError } from '@ctq/core';
import { type Clock, type Deadline, deferred, type Deferred, type Logger, toError } from '@ctq/runtime';
import { decodeOutcome, encodeOutcome, type OutcomeStore } from './outcome-codec.js';
import { exitText, type SlotExit, type SlotHost, type StartSlotHost } from './slot-host.js';
import type { FromSlot, SlotStart, ToSlot } from './slot-messages.js';
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

interface Given {
  readonly run: number;
  readonly execution: Execution;
  readonly ended: Deferred<Outcome | undefined>;
}

/**
 * A thread or a process with the application in it, seen from the worker. It runs one task at a time, in the order in which they are given: of those that have
 * not ended, the first may have begun, the others have not.
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
  /** Of those that have not ended, the first is the one that runs. */
  #line: Given[] = [];
  /** When that got to be the first, in monotonic time. */
  #firstSince = 0;
  /** What is sent in one turn is sent together: each message costs the worker more than most tasks. */
  #outbox: ToSlot[] = [];
  #exit: SlotExit | undefined;
  #wasReady = false;
  #wasEnded = false;
  #given = 0;
  #ended = 0;
  #memoryKiB = 0;

  constructor(options: SlotOptions) {
    this.#options = options;
    const { start, logger } = options;
    this.#host = options.startHost({
      onMessage: (message) => this.#onMessage(message),
      onLine: (line) => logger.warn({ slot: this.title }, line),
    });
    this.#send({ kind: 'open', start });
    void this.#host.exited.then((exit) => this.#onExit(exit));
    this.#ready.promise.catch(() => undefined);
  }

  /** For logs and errors: `process 4711`, `thread 3`. */
  get title(): string {
    return this.#host.title;
  }

  /** Of the process that it is, or is in. */
  get pid(): number | undefined {
    return this.#host.pid;
  }

  /** Whether the application was ever loaded in it. */
  get wasReady(): boolean {
    return this.#wasReady;
  }

  /** Whether it was ended on purpose. */
  get wasEnded(): boolean {
    return this.#wasEnded;
  }

  /** How many tasks it has run, the one that it runs included. */
  get runs(): number {
    return this.#ended + Math.min(this.#line.length, 1);
  }

  /** How many tasks it has that have not ended. */
  get load(): number {
    return this.#line.length;
  }

  /** The one that runs, and since when in monotonic time. */
  get first(): { readonly execution: Execution; readonly since: number } | undefined {
    const [first] = this.#line;
    return first === undefined ? undefined : { execution: first.execution, since: this.#firstSince };
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

  /**
   * Runs it when those before it have ended. Never rejects: a slot that dies under a task is an outcome, too. Undefined when it was not begun: the slot has ended
   * before, or was asked to give it back.
   */
  run(execution: Execution): Promise<Outcome | undefined> {
    if (this.#exit !== undefined) return Promise.resolve(undefined);
    this.#given += 1;
    const run = this.#given;
    const ended = deferred<Outcome | undefined>();
    if (this.#line.length === 0) this.#firstSince = this.#options.clock.monotonic();
    this.#line.push({ run, execution, ended });
    const { source: message, deliveryInfo } = execution;
    this.#send({ kind: 'run', job: { run, message, deliveryInfo } });
    execution.abort.onAbort((reason) => this.#send({ kind: 'abort', run, reason: storedError(reason) }));
    return ended.promise;
  }

  /** Asks for those back that are not begun, or for one of them. */
  recall(execution?: Execution): void {
    const behind = this.#line.slice(1);
    const meant = execution === undefined ? behind : behind.filter((given) => given.execution === execution);
    if (meant.length > 0) this.#send({ kind: 'recall', runs: meant.map(({ run }) => run) });
  }

  /** Lets hooks and signals hear of the outcome that stands; resolves when they have, or cannot any more. */
  async tell(execution: Execution, outcome: Outcome): Promise<void> {
    const awaited = this.#awaited.get(execution);
    if (awaited === undefined) return;
    const { run, kind, told } = awaited;
    const { store } = this.#options;
    const { options } = execution.definition;
    const instead = outcome.kind === kind ? undefined : encodeOutcome(outcome, { store, options });
    this.#send({ kind: 'tell', run, instead });
    await told.promise;
  }

  /** Nobody will `tell` of it, or everybody in the slot has heard. */
  forget(execution: Execution): void {
    const awaited = this.#awaited.get(execution);
    if (awaited === undefined) return;
    this.#awaited.delete(execution);
    awaited.told.resolve();
    this.#send({ kind: 'forget', run: awaited.run });
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
    this.#send({ kind: 'close' });
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
      case 'recalled':
        for (const run of message.runs) this.#take(run)?.ended.resolve(undefined);
        return;
      case 'told':
        for (const [execution, { run }] of this.#awaited) if (run === message.run) this.forget(execution);
        return;
      case 'log':
        this.#options.logger[message.level]({ ...message.fields, slot: this.title }, message.message);
        return;
    }
  }

  #send(message: ToSlot): void {
    this.#outbox.push(message);
    if (this.#outbox.length === 1) queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    const messages = this.#outbox;
    this.#outbox = [];
    if (this.#exit !== undefined) return;
    try {
      this.#host.send(messages);
    } catch (thrown) {
      if (messages.length === 1) this.#onUnsendable(messages[0], toError(thrown));
      else for (const message of messages) this.#sendAlone(message);
    }
  }

  #sendAlone(message: ToSlot): void {
    try {
      this.#host.send([message]);
    } catch (thrown) {
      this.#onUnsendable(message, toError(thrown));
    }
  }

  /** A header of a transport of somebody's own, which no message between threads can hold. */
  #onUnsendable(message: ToSlot | undefined, error: Error): void {
    if (message?.kind !== 'run') {
      this.#options.logger.error({ err: error }, `Couldn't send to ${this.title}`);
      return;
    }
    const given = this.#take(message.job.run);
    given?.ended.resolve({ kind: 'failure', error, reason: 'encoding', runtimeMs: 0 });
  }

  /** Out of the line; undefined for one that was given up. */
  #take(run: number): Given | undefined {
    const index = this.#line.findIndex((given) => given.run === run);
    if (index < 0) return undefined;
    const [given] = this.#line.splice(index, 1);
    if (index === 0) this.#firstSince = this.#options.clock.monotonic();
    return given;
  }

  #onEnded({ run, outcome, wantsToBeTold }: Extract<FromSlot, { kind: 'ended' }>): void {
    const given = this.#take(run);
    if (given === undefined) return;
    this.#ended += 1;
    const { execution, ended } = given;
    if (wantsToBeTold) this.#awaited.set(execution, { run, kind: outcome.kind, told: deferred() });
    ended.resolve(decodeOutcome(outcome, execution.message.id, this.#options.store));
  }

  #onExit(exit: SlotExit): void {
    this.#exit = exit;
    this.#ready.reject(SlotStartError.ended(this.title, exit));
    // Before everybody has heard of the last one nothing is begun.
    const hasBegun = !this.isAwaited;
    for (const execution of [...this.#awaited.keys()]) this.forget(execution);
    const [first, ...others] = this.#line;
    this.#line = [];
    if (first !== undefined && hasBegun) {
      this.#ended += 1;
      first.ended.resolve(this.#lost(first, exit));
    } else first?.ended.resolve(undefined);
    for (const { ended } of others) ended.resolve(undefined);
  }

  #lost({ execution }: Given, exit: SlotExit): Outcome {
    const { task, id } = execution.message;
    const error = new WorkerLostError(`The ${this.title} ended while it ran ${task}[${id}]: ${exitText(exit)}`, {
      details: { exitCode: exit.exitCode, signal: exit.signal },
    });
    return {
      kind: 'failure',
      error,
      reason: 'worker-lost',
      runtimeMs: this.#options.clock.monotonic() - this.#firstSince,
    };
  }
}
