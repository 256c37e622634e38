import type { LimitAnswer, LimitRules, SharedLimit } from '@ctq/core';
import { type Deferred, deferred, Deque, toError } from '@ctq/runtime';
import type { TaskRequest } from '../execute/task-request.js';
import { ComeBack } from './come-back.js';
import type { LimitHost } from './limit-host.js';

/** The most that is held of one lane; with a small concurrency less. */
const mostHeld = 1_000;
const farMs = 1_000;

/** Where requests go that cannot start yet. */
export interface LaneExits {
  /** It is asked for again at that moment, in milliseconds since the epoch. */
  readonly later: (request: TaskRequest, at: number) => void;
  /** The limits could not be asked. */
  readonly onError: (requests: readonly TaskRequest[], error: Error) => void;
  /** It has permits that nobody uses. */
  readonly onSpare: (lane: LimitLane) => void;
}

export interface LimitLaneOptions {
  readonly limit: SharedLimit;
  readonly rules: LimitRules;
  /** Under which permits are held. */
  readonly holder: string;
  readonly leaseMs: number;
  readonly host: LimitHost;
  readonly exits: LaneExits;
}

interface Asking {
  readonly request: TaskRequest;
  readonly answer: Deferred<boolean>;
  readonly wasCalled: boolean;
}

/**
 * The calls of this worker that share one limit. What wants to start in one turn of the event loop is asked for together; a permit that is free again goes to the
 * next one here without asking.
 * ```
 * admit ─► asking ─► running ─► left
 *   ▲         │
 *   │         ├─ busy: waiting in this lane, parked when there are too many
 * called ◄────┘  too early: later
 * ```
 */
export class LimitLane {
  readonly #options: LimitLaneOptions;
  readonly #comeBack: ComeBack;
  readonly #mostHeld: number;
  #asking: Asking[] = [];
  #isAsking = false;
  readonly #waiting = new Deque<TaskRequest>();
  /** Those that were let out of the lane, and have not got a slot yet. */
  readonly #called = new Set<TaskRequest>();
  #running = 0;
  #held = 0;
  /** Of all permits at least half are free: what is kept here is missed by nobody. */
  #isRoomy = false;
  #averageMs = 0;
  /** In monotonic time; undefined before the first one. */
  #leftAt: number | undefined;
  #isClosed = false;
  #idle: Deferred<void> | undefined;

  constructor(options: LimitLaneOptions) {
    const { host, rules } = options;
    this.#options = options;
    this.#comeBack = new ComeBack(host.workplace.clock, farMs);
    this.#mostHeld = Math.min(mostHeld, Math.max(100, rules.concurrency * 10));
  }

  /** Those that wait for a permit. */
  get waiting(): readonly TaskRequest[] {
    return [...this.#waiting];
  }

  get waits(): boolean {
    return this.#waiting.size > 0;
  }

  get holds(): boolean {
    return this.#held > 0;
  }

  get hasSpare(): boolean {
    return this.#held > this.#running;
  }

  get isRoomy(): boolean {
    return this.#isRoomy;
  }

  /** In monotonic time: since then no call has ended here. */
  get quietSince(): number {
    return this.#leftAt ?? Number.NEGATIVE_INFINITY;
  }

  /** Nothing that anybody would miss. */
  get isEmpty(): boolean {
    return (
      this.#running + this.#held + this.#waiting.size + this.#called.size + this.#asking.length === 0 && !this.#isAsking
    );
  }

  /** For a request with a slot. Resolves with true when it may start; else it is seen to. */
  admit(request: TaskRequest): Promise<boolean> {
    const wasCalled = this.#called.delete(request);
    if (!wasCalled && this.waits) {
      this.#keep(request);
      return Promise.resolve(false);
    }
    if (this.#options.rules.intervalMs === undefined && !this.#isAsking && this.#held > this.#running) {
      this.#running += 1;
      return Promise.resolve(true);
    }
    const answer = deferred<boolean>();
    this.#asking.push({ request, answer, wasCalled });
    if (this.#asking.length === 1 && !this.#isAsking) queueMicrotask(() => void this.#ask());
    return answer.promise;
  }

  /** It will not be run: its message expired or was lost. */
  drop(request: TaskRequest): void {
    if (!this.#called.delete(request)) return;
    this.#call();
    if (this.hasSpare) this.#options.exits.onSpare(this);
  }

  /** It has run for so long. */
  leave(ranMs: number): void {
    this.#running = Math.max(0, this.#running - 1);
    this.#averageMs = this.#leftAt === undefined ? ranMs : this.#averageMs * 0.9 + ranMs * 0.1;
    this.#leftAt = this.#options.host.workplace.clock.monotonic();
    this.#call();
    if (this.hasSpare) this.#options.exits.onSpare(this);
  }

  /** Tells the store what runs, so that it keeps its permits; lets go of those that are not needed, or takes some for those that wait. */
  renew(): void {
    if (!this.#isAsking && this.#asking.length === 0) void this.#ask();
  }

  /** Everything that waits, in its order. */
  clear(): readonly TaskRequest[] {
    this.#isClosed = true;
    const cleared: TaskRequest[] = [];
    for (let first = this.#next(); first !== undefined; first = this.#next()) cleared.push(first);
    return cleared;
  }

  /** Gives all permits back. */
  async close(): Promise<void> {
    this.#isClosed = true;
    while (this.#isAsking) {
      this.#idle ??= deferred();
      await this.#idle.promise;
    }
    this.#running = 0;
    if (this.#held > 0) await this.#ask();
  }

  /** What was lost with the connection waits no more. */
  forgetLost(): void {
    for (let left = this.#waiting.size; left > 0; left -= 1) {
      const request = this.#waiting.popFront();
      if (request === undefined) return;
      if (request.delivery.isHeld() === false) this.#options.host.release();
      else this.#waiting.pushBack(request);
    }
  }

  async #ask(): Promise<void> {
    this.#isAsking = true;
    const { limit, holder, leaseMs, exits } = this.#options;
    const asking = this.#asking;
    this.#asking = [];
    try {
      const { answers, held, free } = await limit.ask({
        holder,
        leaseMs,
        running: this.#running,
        calls: asking.map(({ request }) => callId(request)),
        spare: this.#isClosed ? 0 : this.#waiting.size,
      });
      this.#held = held;
      this.#isRoomy = free * 2 >= this.#options.rules.concurrency;
      this.#running += answers.filter((answer) => answer === 'start').length;
      this.#answer(asking, answers);
      this.#call();
      if (this.hasSpare) exits.onSpare(this);
    } catch (error) {
      exits.onError(
        asking.map(({ request }) => request),
        toError(error),
      );
      for (const { answer } of asking) answer.resolve(false);
    }
    this.#isAsking = false;
    if (this.#asking.length > 0) void this.#ask();
    this.#idle?.resolve();
    this.#idle = undefined;
  }

  #answer(asking: readonly Asking[], answers: readonly LimitAnswer[]): void {
    const calledBack: TaskRequest[] = [];
    for (const [index, { request, answer, wasCalled }] of asking.entries()) {
      const given = answers[index];
      answer.resolve(given === 'start');
      if (given === 'start') continue;
      if (given !== 'busy' && given !== undefined) this.#options.exits.later(request, given.at);
      else if (wasCalled) calledBack.push(request);
      else this.#keep(request);
    }
    // In front of those that came after them.
    for (const request of calledBack.reverse()) this.#keep(request, true);
  }

  #keep(request: TaskRequest, isFirst = false): void {
    const { host } = this.#options;
    if (this.#isClosed) return host.giveBack(request);
    if (!isFirst && this.#waiting.size >= this.#mostHeld && host.parks()) {
      return host.park(request, this.#comeBack.next(this.#gapMs, this.#waiting.size));
    }
    if (isFirst) this.#waiting.pushFront(request);
    else this.#waiting.pushBack(request);
    host.hold();
  }

  /** What one of them takes here, as far as that is known; longer where none has ended for longer. */
  get #gapMs(): number {
    if (this.#leftAt === undefined) return farMs;
    const sinceMs = this.#options.host.workplace.clock.monotonic() - this.#leftAt;
    return Math.max(this.#averageMs, sinceMs) / this.#options.rules.concurrency;
  }

  /** Lets out as many as there are permits for. */
  #call(): void {
    while (!this.#isClosed && this.#held - this.#running > this.#called.size) {
      const request = this.#next();
      if (request === undefined) return;
      this.#called.add(request);
      this.#options.host.proceed(request);
    }
  }

  #next(): TaskRequest | undefined {
    const request = this.#waiting.popFront();
    if (request !== undefined) this.#options.host.release();
    return request;
  }
}

/** A retry has the id of its call, and is one more. */
function callId({ message }: TaskRequest): string {
  return `${message.id}.${message.retries}`;
}
