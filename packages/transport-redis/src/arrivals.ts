import { type Clock, deferred, type Logger, type Timer, toError } from '@ctq/runtime';
import type { Redis } from 'ioredis';
import type { Subscriber } from '@ctq/redis';

/** Where the server refuses client tracking (an old one, a proxy, an ACL), who waits looks this often. */
const pollMs = 1_000;

export interface ArrivalsOptions {
  readonly client: () => Redis;
  readonly subscriber: Subscriber;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Tells when a queue that was empty is written to, without a command in between: the server remembers what an empty pop has read (client tracking), and
 * announces the first change of it on the subscribed connection, once. The next empty pop arms it anew.
 */
export class Arrivals {
  readonly #options: ArrivalsOptions;
  readonly #waiting = new Set<() => void>();
  #tracking: Promise<boolean> | undefined;
  #due: Timer | undefined;
  #isClosed = false;

  constructor(options: ArrivalsOptions) {
    this.#options = options;
  }

  /** To be awaited before a pop: what it reads is remembered from then on. Undefined when there is nothing to wait for. */
  get arming(): Promise<boolean> | undefined {
    return this.#tracking;
  }

  /** Resolves at the next change of what a pop has looked at in vain, when a parked message falls due, or at the abort. */
  async wait(signal: AbortSignal): Promise<void> {
    if (signal.aborted || this.#isClosed) return;
    const woken = deferred();
    const wake = (): void => woken.resolve();
    this.#waiting.add(wake);
    signal.addEventListener('abort', wake, { once: true });
    let poll: Timer | undefined;
    try {
      this.#tracking ??= this.#track();
      if (!(await Promise.race([this.#tracking, woken.promise.then(() => true)])))
        poll = this.#options.clock.setTimer(wake, pollMs, { background: true });
      await woken.promise;
    } finally {
      poll?.cancel();
      this.#waiting.delete(wake);
      signal.removeEventListener('abort', wake);
    }
  }

  /** A pop has seen that a parked message is due in so many milliseconds. */
  noteDue(inMs: number): void {
    this.#due?.cancel();
    this.#due = this.#options.clock.setTimer(() => this.#wakeAll(), Math.max(inMs, 1), { background: true });
  }

  close(): void {
    this.#isClosed = true;
    this.#due?.cancel();
    this.#wakeAll();
  }

  #wakeAll(): void {
    for (const wake of this.#waiting) wake();
  }

  async #track(): Promise<boolean> {
    const { client, subscriber, logger } = this.#options;
    try {
      await subscriber.listen('__redis__:invalidate', () => this.#wakeAll());
      await client().client('TRACKING', 'ON', 'REDIRECT', await subscriber.clientId());
      return true;
    } catch (error) {
      if (!this.#isClosed)
        logger.warn({ err: toError(error), pollMs }, 'Redis does not announce new messages here; queues are polled');
      return false;
    }
  }
}
