import type { Clock, Timer } from '@ctq/runtime';

/** Something that is over at a time, by itself before it or by being told. */
export abstract class Expiring {
  /** When it entered its line, on the monotonic clock. */
  enteredAt = 0;
  /** Neighbours in the line; the line's own business. */
  before: Expiring | undefined = undefined;
  after: Expiring | undefined = undefined;

  /** Its time has come. It is not in the line any more. */
  abstract expire(): void;
}

/**
 * What waits for the same length of time, in the order in which it came: the first is always the next one due, so that one timer is enough for all
 * of them, and neither entering nor leaving costs more than a few assignments.
 */
export class DeadlineLine<Member extends Expiring> {
  readonly #clock: Clock;
  readonly #afterMs: number;
  readonly #onTimer = (): void => this.#expireDue();
  #first: Expiring | undefined;
  #last: Expiring | undefined;
  #timer: Timer | undefined;

  constructor(clock: Clock, afterMs: number) {
    this.#clock = clock;
    this.#afterMs = afterMs;
  }

  get isEmpty(): boolean {
    return this.#first === undefined;
  }

  enter(member: Member): void {
    member.enteredAt = this.#clock.monotonic();
    member.before = this.#last;
    if (this.#last === undefined) this.#first = member;
    else this.#last.after = member;
    this.#last = member;
    // It goes on when the line is empty for a moment: setting one for each publish would cost more than firing in vain.
    if (this.#timer === undefined) this.#arm(this.#afterMs);
  }

  leave(member: Member): void {
    const { before, after } = member;
    if (before === undefined) this.#first = after;
    else before.after = after;
    if (after === undefined) this.#last = before;
    else after.before = before;
    member.before = undefined;
    member.after = undefined;
  }

  members(): Member[] {
    const members: Member[] = [];
    for (let member = this.#first; member !== undefined; member = member.after) members.push(member as Member);
    return members;
  }

  /** Nobody is told any more. */
  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #arm(delayMs: number): void {
    if (delayMs === Number.POSITIVE_INFINITY) return;
    this.#timer = this.#clock.setTimer(this.#onTimer, delayMs, { background: true });
  }

  #expireDue(): void {
    this.#timer = undefined;
    const now = this.#clock.monotonic();
    for (let first = this.#first; first !== undefined && first.enteredAt + this.#afterMs <= now; first = this.#first) {
      this.leave(first as Member);
      first.expire();
    }
    if (this.#first !== undefined && this.#timer === undefined) this.#arm(this.#first.enteredAt + this.#afterMs - now);
  }
}
