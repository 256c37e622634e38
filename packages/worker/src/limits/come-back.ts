import type { Clock } from '@ctq/runtime';

/** No more than this often somebody comes back only to see whether it is his turn. */
const smallestGapMs = 10;
/** Sooner than this nobody comes back. */
const soonestMs = 20;

/**
 * When messages come back that are too many to be held: one after the other at their turns, and those whose turn is further away than `farMs` to look whether it
 * still is. So another worker, or a limit that was raised, is noticed; and however many there are, looking costs 100 messages a second or what the limit itself allows.
 */
export class ComeBack {
  readonly #clock: Clock;
  readonly #farMs: number;
  #turn = 0;
  #look = 0;

  constructor(clock: Clock, farMs: number) {
    this.#clock = clock;
    this.#farMs = farMs;
  }

  /** @param gapMs what each of them takes. @param ahead how many are held. */
  next(gapMs: number, ahead: number): number {
    const now = this.#clock.now();
    const turn = Math.max(this.#turn + gapMs, now + ahead * gapMs, now + soonestMs);
    if (turn <= now + this.#farMs) {
      this.#turn = turn;
      return turn;
    }
    // Only to look: it has no turn yet, which is somebody else's when it comes back.
    this.#look = Math.max(this.#look + Math.min(gapMs, smallestGapMs), now + this.#farMs);
    return this.#look;
  }
}
