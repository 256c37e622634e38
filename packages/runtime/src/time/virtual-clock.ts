import { checkDelay, type Clock, sleepOn, type Timer } from './clock.js';

interface PendingTimer {
  readonly dueAt: number;
  readonly callback: () => void;
}

/**
 * How many turns of the event loop are given to what a timer set off before time moves on: a promise chain is through
 * within one, a batch handed over at the end of a turn (`Batcher`) and its answer take one each.
 */
const turnsPerStep = 4;

/**
 * A clock that stands still until it is told to move. Timers fire in the order of their due times, ties in the order in
 * which they were set. It knows nothing of sockets, files and threads: what waits for those is not waited for.
 */
export class VirtualClock implements Clock {
  #monotonic = 0;
  /** `now() - monotonic()`. */
  #offset: number;
  #moving: Promise<void> = Promise.resolve();
  readonly #timers = new Set<PendingTimer>();

  /** @param startAt milliseconds since the epoch at which the clock stands first. */
  constructor(startAt: number = Date.UTC(2030, 0, 1)) {
    this.#offset = startAt;
  }

  now(): number {
    return this.#monotonic + this.#offset;
  }

  monotonic(): number {
    return this.#monotonic;
  }

  setTimer(callback: () => void, delayMs: number): Timer {
    checkDelay(delayMs);
    const timer: PendingTimer = { dueAt: this.#monotonic + Math.max(delayMs, 0), callback };
    this.#timers.add(timer);
    return { cancel: () => void this.#timers.delete(timer) };
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, delayMs, signal);
  }

  /** How many timers wait. */
  get pendingTimers(): number {
    return this.#timers.size;
  }

  /** Milliseconds to the next timer, or undefined when none waits. */
  get nextTimerIn(): number | undefined {
    const next = this.#next(Number.POSITIVE_INFINITY);
    return next === undefined ? undefined : next.dueAt - this.#monotonic;
  }

  /**
   * Moves time on, firing every timer that falls due on the way, and lets promise callbacks run before the first and
   * after each of them, so that timers set by those callbacks fire too. Calls that overlap are carried out one after the other.
   *
   * Rejects with what a timer's callback throws; time then stands at that timer.
   */
  advance(byMs: number): Promise<void> {
    if (!Number.isFinite(byMs) || byMs < 0)
      throw new RangeError(`Time moves on by a finite number of milliseconds, not ${byMs}.`);
    const moved = this.#moving.then(() => this.#advanceTo(this.#monotonic + byMs));
    this.#moving = moved.catch(() => undefined);
    return moved;
  }

  /** Sets the wall clock, as an administrator or NTP does: `now` jumps, timers and `monotonic` do not notice. */
  setWallClock(at: number): void {
    this.#offset = at - this.#monotonic;
  }

  async #advanceTo(target: number): Promise<void> {
    await settle();
    for (let next = this.#next(target); next !== undefined; next = this.#next(target)) {
      this.#monotonic = Math.max(this.#monotonic, next.dueAt);
      this.#timers.delete(next);
      next.callback();
      await settle();
    }
    this.#monotonic = target;
  }

  #next(until: number): PendingTimer | undefined {
    let best: PendingTimer | undefined;
    for (const timer of this.#timers) {
      // A set keeps the order of insertion, so of two due at the same time the first one set is met first.
      if (timer.dueAt <= until && (best === undefined || timer.dueAt < best.dueAt)) best = timer;
    }
    return best;
  }
}

/** Lets every promise callback that is ready run, and what those hand to the next turns. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < turnsPerStep; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}
