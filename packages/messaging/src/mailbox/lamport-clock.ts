/** A logical clock: orders what happens in several processes, whose own clocks differ (kombu 5.6 clocks.py, LamportClock). */
export class LamportClock {
  #value: number;

  constructor(value = 0) {
    this.#value = value;
  }

  get value(): number {
    return this.#value;
  }

  /** The next value: something happens here, or is sent. */
  forward(): number {
    this.#value += 1;
    return this.#value;
  }

  /** Something was received that was sent at `other`: what happens from now on comes after it. What is no count changes nothing but this clock's own. */
  adjust(other: unknown): number {
    const seen = typeof other === 'number' && Number.isSafeInteger(other) ? other : 0;
    this.#value = Math.max(this.#value, seen) + 1;
    return this.#value;
  }

  toString(): string {
    return String(this.#value);
  }
}
