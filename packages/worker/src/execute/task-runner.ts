import { TaskRevokedError } from '@ctq/core';
import { type Deferred, deferred, Deque, type Timer, toError } from '@ctq/runtime';
import type { SharedLimits } from '../limits/shared-limits.js';
import { executeTask } from './execute-task.js';
import { tellInternalError } from './internal-error.js';
import { giveBack } from './settle.js';
import { limitsOf } from './task-policy.js';
import type { TaskRequest } from './task-request.js';
import type { Workplace } from './workplace.js';

/** How long tasks are started in a row before the event loop gets a turn: synchronous tasks run while they are started. */
const sliceMs = 10;

/** What waits this long, while nothing is started, waits for something long. */
const stallMs = 200;

export interface TaskRunnerOptions {
  readonly workplace: Workplace;
  readonly limits: SharedLimits;
  /** The most tasks that may be unfinished at a time, those whose outcome is still being stored included. */
  readonly maxUnfinished: () => number;
  /** Called for each task that is done with, also where nobody waited for it any more. */
  readonly onFinished: (request: TaskRequest) => void;
  /** Called when some wait and nothing has started for a while. */
  readonly onStalled: () => void;
}

/** The requests of a worker: a line of those that wait, and those that are run, as many as the pool has slots. */
export class TaskRunner {
  readonly #workplace: Workplace;
  readonly #options: TaskRunnerOptions;
  readonly #waiting = new Deque<TaskRequest>();
  /** Those that have to be alone when they run. */
  readonly #suspects = new Deque<TaskRequest>();
  readonly #unfinished = new Set<TaskRequest>();
  /** Work that ends by itself: refusals and their kind. */
  #errands = 0;
  #running = 0;
  /** One of the suspects runs. */
  #isAlone = false;
  #isScheduled = false;
  #isClosed = false;
  #idle: Deferred<void> | undefined;
  /** How many were started. */
  #starts = 0;
  #stallTimer: Timer | undefined;

  constructor(options: TaskRunnerOptions) {
    this.#options = options;
    this.#workplace = options.workplace;
  }

  get waiting(): number {
    return this.#waiting.size + this.#suspects.size;
  }

  /** What waits for a slot. */
  get queued(): readonly TaskRequest[] {
    return [...this.#waiting, ...this.#suspects];
  }

  /** What runs, and what has run and is not settled yet. */
  get unfinished(): readonly TaskRequest[] {
    return [...this.#unfinished];
  }

  /** Those that run or wait. */
  get load(): number {
    return this.waiting + this.#running;
  }

  /** There may be more slots. */
  resized(): void {
    if (!this.#isScheduled && this.waiting > 0) this.#schedule(queueMicrotask);
  }

  /** Runs it when there is a slot, in the order of the calls. */
  add(request: TaskRequest): void {
    (request.runsAlone ? this.#suspects : this.#waiting).pushBack(request);
    // After everything that came with the same batch.
    if (this.#isScheduled) return;
    if (this.#mayTakeMore) this.#schedule(queueMicrotask);
    else this.#watchStart();
  }

  /** Something else that has to be over before the worker may go. It must not reject. */
  attend(errand: Promise<void>): void {
    this.#errands += 1;
    void errand.then(() => {
      this.#errands -= 1;
      this.#tellIdle();
    });
  }

  /** Starts nothing any more. */
  close(): void {
    this.#isClosed = true;
    this.#stallTimer?.cancel();
  }

  /** Returns what waits, here and elsewhere, to its queues, in its old order: to be called when nothing is delivered any more. */
  giveBackWaiting(elsewhere: readonly TaskRequest[] = []): Promise<void> {
    return this.#giveBack([this.#waiting, this.#suspects], elsewhere);
  }

  /** The same of so many at most of those that wait for nothing but a slot: the youngest. */
  giveBackIdle(most: number): Promise<void> {
    const given: TaskRequest[] = [];
    while (given.length < most) {
      const request = this.#waiting.popBack();
      if (request === undefined) break;
      this.#options.limits.drop(request);
      given.push(request);
    }
    return this.#giveBack([], given);
  }

  /** Resolves when nothing is unfinished. */
  idle(): Promise<void> {
    if (this.#isIdle) return Promise.resolve();
    this.#idle ??= deferred();
    return this.#idle.promise;
  }

  /** Lets go of everything that is unfinished: signals are aborted, and outcomes that still come are dropped. */
  abandon(reason: Error): readonly TaskRequest[] {
    const abandoned = [...this.#unfinished];
    this.#unfinished.clear();
    this.#errands = 0;
    for (const request of abandoned) request.abandon(reason);
    this.#tellIdle();
    return abandoned;
  }

  /** Ends what runs and is meant: its code where the pool can, else its signal is aborted. */
  terminate(isMeant: (request: TaskRequest) => boolean): void {
    const { pool } = this.#workplace;
    for (const request of this.#unfinished) {
      if (!isMeant(request)) continue;
      request.isTerminated = true;
      if (pool.terminate?.(request) !== true) request.abort.abort(new TaskRevokedError('terminated'));
    }
  }

  /** Tells those whose messages are not ours any more, as far as that is known without asking, to leave. */
  abortLost(reason: (request: TaskRequest) => Error): void {
    for (const request of this.#unfinished) {
      if (request.policy.acksLate && request.delivery.isHeld() === false) request.abort.abort(reason(request));
    }
  }

  /** Takes the ones that are meant out of the worker: signals are aborted, and nobody waits for their outcomes. */
  cancel(isMeant: (request: TaskRequest) => boolean, reason: (request: TaskRequest) => Error): readonly TaskRequest[] {
    const cancelled = [...this.#unfinished].filter(isMeant);
    for (const request of cancelled) {
      this.#unfinished.delete(request);
      request.abandon(reason(request));
      this.#workplace.pool.terminate?.(request);
    }
    this.#tellIdle();
    return cancelled;
  }

  /** Forgets what waits and is known to be somebody else's by now. */
  forgetLost(): void {
    for (let left = this.#waiting.size; left > 0; left -= 1) {
      const request = this.#waiting.popFront();
      if (request === undefined) return;
      if (request.delivery.isHeld() === false) this.#options.limits.drop(request);
      else this.#waiting.pushBack(request);
    }
  }

  async #giveBack(lines: readonly Deque<TaskRequest>[], elsewhere: readonly TaskRequest[] = []): Promise<void> {
    const waiting = [...elsewhere];
    for (const line of lines)
      for (let first = line.popFront(); first !== undefined; first = line.popFront()) waiting.push(first);
    // The youngest first: each goes in front of the one before.
    waiting.sort((a, b) => b.arrival - a.arrival);
    await Promise.all(waiting.map(({ delivery }) => giveBack(delivery, this.#workplace.logger)));
  }

  get #isIdle(): boolean {
    return this.#unfinished.size === 0 && this.#errands <= 0;
  }

  #tellIdle(): void {
    if (this.#idle === undefined || !this.#isIdle) return;
    this.#idle.resolve();
    this.#idle = undefined;
  }

  /** Looks whether anything is started while some wait; not where a suspect keeps everything waiting. */
  #watchStart(): void {
    if (this.#isClosed || this.#stallTimer !== undefined) return;
    const starts = this.#starts;
    this.#stallTimer = this.#workplace.clock.setTimer(
      () => {
        this.#stallTimer = undefined;
        if (this.#waiting.size === 0) return;
        if (this.#starts === starts && this.#suspects.size === 0 && !this.#isAlone) this.#options.onStalled();
        this.#watchStart();
      },
      stallMs,
      { background: true },
    );
  }

  #schedule(when: (callback: () => void) => unknown): void {
    this.#isScheduled = true;
    when(() => this.#startWaiting());
  }

  #startWaiting(): void {
    this.#isScheduled = false;
    const { clock } = this.#workplace;
    const startedAt = clock.monotonic();
    while (this.#hasRoom) {
      const request = this.#takeNext();
      if (request === undefined) break;
      this.#start(request);
      if (clock.monotonic() - startedAt > sliceMs) {
        if (!this.#isScheduled) this.#schedule(setImmediate);
        return;
      }
    }
    if (this.#waiting.size > 0) this.#watchStart();
  }

  /** A suspect waits until nothing runs, and nothing is started meanwhile: it would wait for ever otherwise. */
  #takeNext(): TaskRequest | undefined {
    if (this.#suspects.size > 0) return this.#running === 0 ? this.#suspects.popFront() : undefined;
    if (this.#running < this.#workplace.pool.size) return this.#waiting.popFront();
    const next = this.#waiting.front;
    return next !== undefined && this.#mayGoAhead(next) ? this.#waiting.popFront() : undefined;
  }

  /** Nothing is said or done of it before it begins, and it may be begun elsewhere. */
  #mayGoAhead(request: TaskRequest): boolean {
    const { policy, message, definition } = request;
    // The event says when it has begun, and nobody here knows that of one that went ahead.
    if (this.#workplace.events.areSent) return false;
    const { hardMs, softMs } = limitsOf(policy, message);
    return (
      policy.acksLate &&
      !policy.tracksStarted &&
      hardMs === undefined &&
      softMs === undefined &&
      message.unique === undefined &&
      definition.options.abortable !== true &&
      definition.options.limit === undefined &&
      this.#workplace.pool.takesAhead?.(request) === true
    );
  }

  get #mayTakeMore(): boolean {
    const { pool } = this.#workplace;
    return this.#running < pool.size || pool.takesAhead !== undefined;
  }

  get #hasRoom(): boolean {
    return (
      !this.#isClosed && !this.#isAlone && this.#mayTakeMore && this.#unfinished.size < this.#options.maxUnfinished()
    );
  }

  #start(request: TaskRequest): void {
    this.#running += 1;
    this.#starts += 1;
    this.#isAlone = request.runsAlone;
    this.#unfinished.add(request);
    const admission = this.#options.limits.admit(request);
    if (admission === undefined) this.#execute(request, this.#onSlotFree);
    else void admission.then((isAdmitted) => this.#onAdmission(request, isAdmitted));
  }

  /** Its slot is kept while the limits of all workers are asked: a permit is for what can start. */
  #onAdmission(request: TaskRequest, isAdmitted: boolean): void {
    const { limits } = this.#options;
    if (isAdmitted && !this.#isClosed) {
      return this.#execute(request, () => {
        limits.leave(request);
        this.#onSlotFree();
      });
    }
    if (isAdmitted) {
      limits.leave(request);
      if (!request.isAbandoned) this.attend(giveBack(request.delivery, this.#workplace.logger));
    }
    this.#unfinished.delete(request);
    this.#onSlotFree();
    this.#tellIdle();
  }

  #execute(request: TaskRequest, onSlotFree: () => void): void {
    request.startedAt = this.#workplace.clock.now();
    executeTask(request, this.#workplace, onSlotFree).then(
      () => this.#onFinished(request),
      (error: unknown) => {
        this.attend(tellInternalError(request, toError(error), 'its message stays unsettled', this.#workplace));
        this.#onFinished(request);
      },
    );
  }

  /** The next one starts in the next turn of the event loop, together with those of the other slots that are freed in this one. */
  readonly #onSlotFree = (): void => {
    this.#running -= 1;
    this.#isAlone = false;
    if (this.waiting > 0 && !this.#isScheduled) this.#schedule(setImmediate);
  };

  #onFinished(request: TaskRequest): void {
    this.#options.onFinished(request);
    // An abandoned one that ends after all is nobody's business.
    if (!this.#unfinished.delete(request)) return;
    if (this.waiting > 0 && !this.#isScheduled) this.#schedule(setImmediate);
    this.#tellIdle();
  }
}
