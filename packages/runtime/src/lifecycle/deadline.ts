import { type Clock, systemClock } from '../time/clock.js';

/**
 * The moment by which something has to be over, handed down through nested stops so that together they take no longer
 * than the whole.
 */
export class Deadline {
  readonly #clock: Clock;
  readonly #dueAt: number;

  private constructor(clock: Clock, dueAt: number) {
    this.#clock = clock;
    this.#dueAt = dueAt;
  }

  /** A deadline `ms` from now; `Infinity` never passes. */
  static after(ms: number, clock: Clock = systemClock): Deadline {
    if (Number.isNaN(ms)) throw new TypeError('A deadline needs a number of milliseconds, not NaN.');
    return new Deadline(clock, clock.monotonic() + ms);
  }

  /** Never passes. */
  static never(clock: Clock = systemClock): Deadline {
    return new Deadline(clock, Number.POSITIVE_INFINITY);
  }

  /** Milliseconds left, never negative. */
  get remainingMs(): number {
    return Math.max(0, this.#dueAt - this.#clock.monotonic());
  }

  get hasPassed(): boolean {
    return this.remainingMs === 0;
  }

  /** The earlier of this deadline and one `ms` from now. */
  within(ms: number): Deadline {
    const inner = Deadline.after(ms, this.#clock);
    return inner.#dueAt < this.#dueAt ? inner : this;
  }

  /**
   * Waits for `work`, but not past the deadline: `true` when it settled in time (rejections pass through), `false` when not.
   * After the deadline, work that is already done, or ends within the turn, still counts as in time.
   * Work that is late goes on; whoever started it still owns it, and its late rejection is nobody's: report it there.
   *
   * The process stays alive while it waits, so that the rest of a stop is carried out even when the work holds nothing
   * open, and no longer: the timer goes with the work.
   */
  async wait(work: Promise<unknown>): Promise<boolean> {
    if (this.#dueAt === Number.POSITIVE_INFINITY) {
      await work;
      return true;
    }
    const { isLate, forget } = this.#afterwards();
    try {
      return await Promise.race([work.then(() => true), isLate]);
    } finally {
      forget();
    }
  }

  #afterwards(): { isLate: Promise<false>; forget: () => void } {
    let forget = (): void => undefined;
    const isLate = new Promise<false>((resolve) => {
      if (this.hasPassed) {
        // Not a timer: on a clock that stands still it would never fire.
        const turn = setImmediate(() => resolve(false));
        forget = () => clearImmediate(turn);
      } else {
        const timer = this.#clock.setTimer(() => resolve(false), this.remainingMs);
        forget = () => timer.cancel();
      }
    });
    return { isLate, forget };
  }
}
