/** A logical clock: orders what happens in several processes, whose own clocks differ (celery 5.6 via kombu 5.6 clocks.py, LamportClock). */
export class LamportClock {
  #value = 0;

  get value(): number {
    return this.#value;
  }

  /** The next value: something happened here. */
  forward(): number {
    this.#value += 1;
    return this.#value;
  }
}
