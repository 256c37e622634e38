import type { Clock } from '@ctq/runtime';
import type { PrefetchLimits } from './prefetch-limits.js';

/** What a worker may hold beyond its free slots is what it gets through in this time. */
const lookAheadMs = 100;
/** RabbitMQ's counter has 16 bits; 0 is no limit (celery 5.6, kombu common.py, QoS). */
const largest = 65_535;

export interface PrefetchWindowOptions extends PrefetchLimits {
  /** Tasks that may run at the same time. */
  readonly size: () => number;
  /** The most to hold with those whose ETA is in the future included. */
  readonly etaLimit: number | undefined;
  readonly clock: Clock;
}

/**
 * How many messages a worker asks for: as many as can start, and of short tasks a batch more, so that no slot waits for a round trip and no
 * long task keeps messages from other workers. Celery's prefetch (concurrency times multiplier) is the upper limit where that is more than a small
 * batch. Messages that are held for their ETA come on top (WK-035).
 */
export class PrefetchWindow {
  readonly #options: PrefetchWindowOptions;
  #ahead = 0;
  #held = 0;
  /** Running tasks whose messages are not counted by the broker any more. */
  #stale = 0;
  #finished = 0;
  #since: number;

  constructor(options: PrefetchWindowOptions) {
    this.#options = options;
    this.#since = options.clock.monotonic();
  }

  /** What to ask for; 0 is no limit. */
  get count(): number {
    return this.#countWithout(this.#stale);
  }

  /** What it would be if nothing were stale. */
  get whole(): number {
    return this.#countWithout(0);
  }

  /** The most that is ever asked for without an ETA. */
  get most(): number {
    const { size, multiplier } = this.#options;
    return multiplier === 0 ? Number.POSITIVE_INFINITY : size() + this.#mostAhead;
  }

  /** A task is done. True when that changed the count. */
  onFinished(): boolean {
    this.#finished += 1;
    if (this.#finished < Math.max(8, Math.ceil(this.#options.size() / 2))) return false;
    const now = this.#options.clock.monotonic();
    // A burst within one tick of the clock is as fast as a millisecond allows.
    const perMs = this.#finished / Math.max(now - this.#since, 1);
    this.#finished = 0;
    this.#since = now;
    return this.#lookAhead(Math.floor(perMs * lookAheadMs));
  }

  /** So many slots are taken by tasks that were delivered over a connection that is gone (WK-060). */
  set stale(count: number) {
    this.#stale = count;
  }

  /** Nothing has started for a while: what is held is what can start. True when that changed the count. */
  narrow(): boolean {
    this.#finished = 0;
    this.#since = this.#options.clock.monotonic();
    return this.#lookAhead(0);
  }

  hold(): void {
    this.#held += 1;
  }

  release(): void {
    this.#held -= 1;
  }

  /** Of what is asked for, all but what is held. */
  get startable(): number {
    return this.#startableWithout(this.#stale);
  }

  #startableWithout(stale: number): number {
    return Math.max(1, this.#options.size() + this.#ahead - stale);
  }

  #countWithout(stale: number): number {
    const { multiplier, etaLimit } = this.#options;
    if (multiplier === 0) return 0;
    const size = this.#options.size();
    const count = this.#startableWithout(stale) + this.#held;
    const limited = etaLimit === undefined || etaLimit === 0 ? count : Math.min(count, Math.max(etaLimit, size));
    return limited > largest ? 0 : limited;
  }

  get #mostAhead(): number {
    const { multiplier, smallBatch } = this.#options;
    const size = this.#options.size();
    return multiplier <= 1 ? 0 : Math.max(size * (multiplier - 1), smallBatch - size);
  }

  #lookAhead(wanted: number): boolean {
    const { multiplier } = this.#options;
    const ahead = Math.min(wanted, this.#mostAhead);
    // Small corrections are not worth telling the broker.
    if (Math.abs(ahead - this.#ahead) <= Math.max(this.#ahead, ahead) / 4) return false;
    this.#ahead = ahead;
    return multiplier !== 0;
  }
}
