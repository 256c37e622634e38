import { Deque, type Timer } from '@ctq/runtime';
import type { TaskRequest } from '../execute/task-request.js';
import { ComeBack } from './come-back.js';
import type { LimitHost } from './limit-host.js';

/** What is held is what gets its turn in this time. */
const heldMs = 5_000;
const farMs = 60_000;

/**
 * The bucket of one task: it fills with one token per interval and holds one (celery 5.6, kombu utils/limits.py, TokenBucket with its capacity of 1), and the line of
 * those that wait for a token.
 */
export class RateLine {
  readonly #host: LimitHost;
  readonly #intervalMs: number;
  readonly #mostHeld: number;
  readonly #comeBack: ComeBack;
  readonly #waiting = new Deque<TaskRequest>();
  /** When there is a token, in monotonic time. */
  #tokenAt = 0;
  #timer: Timer | undefined;

  constructor(perSecond: number, host: LimitHost) {
    this.#host = host;
    this.#intervalMs = 1_000 / perSecond;
    this.#mostHeld = Math.max(1, Math.ceil(heldMs / this.#intervalMs));
    this.#comeBack = new ComeBack(host.workplace.clock, farMs);
  }

  add(request: TaskRequest): void {
    if (this.#waiting.size === 0 && this.#take()) return this.#host.proceed(request);
    if (this.#waiting.size >= this.#mostHeld && this.#host.parks())
      return this.#host.park(request, this.#comeBack.next(this.#intervalMs, this.#waiting.size));
    this.#waiting.pushBack(request);
    this.#host.hold();
    this.#schedule();
  }

  get waiting(): readonly TaskRequest[] {
    return [...this.#waiting];
  }

  /** Everything that waits, in its order. */
  clear(): readonly TaskRequest[] {
    this.#timer?.cancel();
    this.#timer = undefined;
    const cleared: TaskRequest[] = [];
    for (let first = this.#next(); first !== undefined; first = this.#next()) cleared.push(first);
    return cleared;
  }

  #next(): TaskRequest | undefined {
    const request = this.#waiting.popFront();
    if (request !== undefined) this.#host.release();
    return request;
  }

  #take(): boolean {
    const now = this.#host.workplace.clock.monotonic();
    if (now < this.#tokenAt) return false;
    this.#tokenAt = now + this.#intervalMs;
    return true;
  }

  #schedule(): void {
    if (this.#timer !== undefined) return;
    const { clock } = this.#host.workplace;
    this.#timer = clock.setTimer(() => {
      this.#timer = undefined;
      this.#run();
    }, this.#tokenAt - clock.monotonic());
  }

  #run(): void {
    while (this.#waiting.size > 0) {
      if (!this.#take()) return this.#schedule();
      const request = this.#next();
      if (request !== undefined) this.#host.proceed(request);
    }
  }
}
