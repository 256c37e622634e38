import type { Clock, Logger } from '@ctq/runtime';

const pauseMs = 60_000;

/** Warns of what may happen thousands of times a second: the first time, and once a minute how often it has. */
export class OccasionalWarning {
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #message: (count: number) => string;
  #count = 0;
  #untold = 0;
  #toldAt = Number.NEGATIVE_INFINITY;

  constructor(logger: Logger, clock: Clock, message: (count: number) => string) {
    this.#logger = logger;
    this.#clock = clock;
    this.#message = message;
  }

  /** How often it has happened. */
  get count(): number {
    return this.#count;
  }

  note(count: number, fields: Readonly<Record<string, unknown>> = {}): void {
    this.#count += count;
    this.#untold += count;
    const now = this.#clock.monotonic();
    if (now - this.#toldAt < pauseMs) return;
    this.#logger.warn(fields, this.#message(this.#untold));
    this.#untold = 0;
    this.#toldAt = now;
  }
}
