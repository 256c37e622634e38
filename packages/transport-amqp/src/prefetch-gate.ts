/** What waits at a gate. */
export interface Waiting<Owner> {
  readonly owner: Owner;
  give(): void;
  /** It does not get through any more. */
  giveBack(): void;
}

/**
 * Lets no more than the prefetch of a channel into the hands of the program, over all of its consumers: the broker counts for each of them (`AmqpSubscription`), and a
 * consumer that is replaced by another one has both counts for a while. What is too much waits here.
 */
export class PrefetchGate<Owner> {
  #limit = 0;
  #inHand = 0;
  #waiting: Waiting<Owner>[] = [];

  /** 0 is no limit. */
  get limit(): number {
    return this.#limit;
  }

  set limit(limit: number) {
    this.#limit = limit;
    this.#admit();
  }

  arrive(waiting: Waiting<Owner>): void {
    if (this.#waiting.length === 0 && this.#hasRoom()) {
      this.#inHand += 1;
      waiting.give();
    } else this.#waiting.push(waiting);
  }

  /** One in hand was settled, or is gone with its channel. */
  leave(count: number = 1): void {
    this.#inHand -= count;
    this.#admit();
  }

  /** Gives back what waits of one owner. */
  withdraw(owner: Owner): void {
    const own = this.#waiting.filter((waiting) => waiting.owner === owner);
    this.#waiting = this.#waiting.filter((waiting) => waiting.owner !== owner);
    for (const waiting of own) waiting.giveBack();
  }

  #hasRoom(): boolean {
    return this.#limit === 0 || this.#inHand < this.#limit;
  }

  #admit(): void {
    while (this.#waiting.length > 0 && this.#hasRoom()) {
      this.#inHand += 1;
      this.#waiting.shift()?.give();
    }
  }
}
