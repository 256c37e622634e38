import { type Clock, deferred, type Logger, type Timer, toError } from '@ctq/runtime';
import type { Redis } from 'ioredis';
import type { Subscriber } from '@ctq/redis';
import { glanceScript } from './scripts/queue.js';

/** Where the server refuses client tracking (an old one, a proxy, an ACL), who waits looks this often. */
const pollMs = 1_000;

export interface ArrivalsOptions {
  readonly client: () => Redis;
  readonly subscriber: Subscriber;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How often to look where the server refuses to announce. Default 1,000. */
  readonly pollMs?: number;
}

/** What is looked at, as the script wants it. */
export interface Watched {
  readonly queues: number;
  readonly keys: readonly string[];
}

/**
 * Tells when a queue that was empty is written to, without a command in between: the server remembers what was looked at (client tracking), and announces
 * the first change of it on the subscribed connection, once.
 */
export class Arrivals {
  readonly #options: ArrivalsOptions;
  readonly #waiting = new Set<() => void>();
  #tracking: Promise<boolean> | undefined;
  #isClosed = false;

  constructor(options: ArrivalsOptions) {
    this.#options = options;
  }

  /** Resolves at the next change of one of the keys, when something waits in them already or a parked message falls due, or at the abort. */
  async wait(watched: Watched, signal: AbortSignal): Promise<void> {
    if (signal.aborted || this.#isClosed) return;
    const woken = deferred();
    const wake = (): void => woken.resolve();
    this.#waiting.add(wake);
    signal.addEventListener('abort', wake, { once: true });
    const timers: Timer[] = [];
    const wakeIn = (ms: number): void => {
      if (this.#waiting.has(wake)) timers.push(this.#options.clock.setTimer(wake, ms, { background: true }));
    };
    this.#listen(watched, wake, wakeIn).catch(wake);
    try {
      await woken.promise;
    } finally {
      for (const timer of timers) timer.cancel();
      this.#waiting.delete(wake);
      signal.removeEventListener('abort', wake);
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#wakeAll();
  }

  async #listen({ queues, keys }: Watched, wake: () => void, wakeIn: (ms: number) => void): Promise<void> {
    this.#tracking ??= this.#track();
    if (!(await this.#tracking)) wakeIn(this.#options.pollMs ?? pollMs);
    // After tracking is on: from here to the change of a key nothing is missed.
    const reply = await glanceScript.run(this.#options.client(), keys, [queues]);
    const [isWaiting, dueInMs] = reply as [number, number];
    if (isWaiting === 1) wake();
    else if (dueInMs >= 0) wakeIn(Math.max(dueInMs, 1));
  }

  #wakeAll(): void {
    for (const wake of this.#waiting) wake();
  }

  async #track(): Promise<boolean> {
    const { client, subscriber, logger, pollMs: everyMs = pollMs } = this.#options;
    try {
      await subscriber.listen('__redis__:invalidate', () => this.#wakeAll());
      await client().client('TRACKING', 'ON', 'REDIRECT', await subscriber.clientId());
      return true;
    } catch (error) {
      if (!this.#isClosed)
        logger.warn(
          { err: toError(error), pollMs: everyMs },
          'Redis does not announce new messages here; queues are polled',
        );
      return false;
    }
  }
}
