import { type Clock, deferred, type Logger, type Timer, toError } from '@ctq/runtime';
import type { Redis } from 'ioredis';
import type { Subscriber } from '@ctq/redis';
import { glanceScript } from './scripts/queue.js';

/** Where the server refuses client tracking (an old one, a proxy, an ACL), who waits looks this often. */
const pollMs = 1_000;

/**
 * Behind the announcements, who waits looks this often: one that is lost costs no more than this, and a connection that leads nowhere is found, by a command
 * that is not answered, before ten seconds are over (see `Liveness`).
 */
const lookMs = 6_500;

/** How long a look tells that there is nothing to sweep: until the next one has come for certain. Somebody with a shorter lease may turn up meanwhile. */
const quietMs = lookMs + 1_000;

export interface ArrivalsOptions {
  readonly client: () => Redis;
  readonly subscriber: Subscriber;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How often to look where the server refuses to announce. Default 1,000. */
  readonly pollMs?: number;
  /** Where messages that are held are booked. */
  readonly leases: string;
  readonly unackedIndex: string;
  readonly visibilityTimeoutMs: number;
  /** Where the end of queues with `x-expires` is noted, and which life of the database it is. */
  readonly expiries: string;
  readonly era: string;
  /** The tables in which this connection has bindings. */
  readonly tables: () => readonly string[];
  /** Something arrived that was not announced. It may be on its way. */
  readonly onUnannounced: () => void;
}

/** What is looked at. */
export interface Watched {
  /** The delayed set of each queue. */
  readonly delayed: readonly string[];
  readonly lists: readonly string[];
}

/** What a look has seen of the tables of bindings. */
export interface SeenBindings {
  /** Another one when something was changed. */
  readonly text: string;
  /** How many there are in each table. */
  readonly counts: readonly number[];
}

type BindingsReply = readonly [era: string, ...counts: number[]];

/**
 * Tells when a queue that was empty is written to, without a command in between: the server remembers what was looked at (client tracking), and announces
 * the first change of it on the subscribed connection, once.
 */
export class Arrivals {
  readonly #options: ArrivalsOptions;
  readonly #waiting = new Map<() => void, Watched>();
  #tracking: Promise<boolean> | undefined;
  #nextLook: Timer | undefined;
  /** When the next parked message is due that we know of. */
  #due: { readonly at: number; readonly timer: Timer } | undefined;
  #quietUntil = Number.NEGATIVE_INFINITY;
  #bindings: SeenBindings | undefined;
  /** How often bindings were changed, as far as that was announced. */
  #changes = 0;
  #isClosed = false;

  constructor(options: ArrivalsOptions) {
    this.#options = options;
  }

  /** Resolves at the next change of one of the keys, when something waits in them already or a parked message falls due, or at the abort. */
  async wait(watched: Watched, signal: AbortSignal): Promise<void> {
    if (signal.aborted || this.#isClosed) return;
    const woken = deferred();
    const wake = (): void => woken.resolve();
    this.#waiting.set(wake, watched);
    signal.addEventListener('abort', wake, { once: true });
    let poll: Timer | undefined;
    const pollLater = (): void => {
      const { clock, pollMs: everyMs = pollMs } = this.#options;
      if (this.#waiting.has(wake)) poll = clock.setTimer(wake, everyMs, { background: true });
    };
    this.#listen(watched, wake, pollLater).catch(wake);
    try {
      await woken.promise;
    } finally {
      poll?.cancel();
      this.#waiting.delete(wake);
      signal.removeEventListener('abort', wake);
    }
  }

  /** A look that was made a moment ago has shown that nothing has to be swept yet. */
  get isQuiet(): boolean {
    return this.#options.clock.monotonic() < this.#quietUntil;
  }

  /** Stands for the bindings as the last look has seen them; undefined before there was one, and when they have changed since. */
  get bindings(): SeenBindings | undefined {
    return this.#bindings;
  }

  /** This connection itself has put something into a queue, or parked it. */
  noteOwnChange(): void {
    this.#wakeAll();
  }

  close(): void {
    this.#isClosed = true;
    this.#nextLook?.cancel();
    this.#due?.timer.cancel();
    this.#wakeAll();
  }

  async #listen(watched: Watched, wake: () => void, pollLater: () => void): Promise<void> {
    this.#tracking ??= this.#track();
    if (await this.#tracking) this.#lookLater();
    else pollLater();
    // After tracking is on: from here to the change of a key nothing is missed.
    if (await this.#isWaiting(watched)) wake();
  }

  #lookLater(): void {
    if (this.#isClosed) return;
    this.#nextLook ??= this.#options.clock.setTimer(
      () => {
        this.#nextLook = undefined;
        if (this.#waiting.size > 0) this.#lookForAll().catch(() => this.#wakeAll());
      },
      lookMs,
      { background: true },
    );
  }

  async #lookForAll(): Promise<void> {
    this.#lookLater();
    const waiting = new Map(this.#waiting);
    const all = [...waiting.values()];
    const delayed = new Set(all.flatMap((watched) => watched.delayed));
    const lists = new Set(all.flatMap((watched) => watched.lists));
    if (!(await this.#isWaiting({ delayed: [...delayed], lists: [...lists] }))) return;
    const unannounced = [...waiting.keys()].filter((wake) => this.#waiting.has(wake));
    if (unannounced.length > 0) this.#options.onUnannounced();
    for (const wake of unannounced) wake();
  }

  /** Whether something is there. What falls due later wakes everyone. */
  async #isWaiting({ delayed, lists }: Watched): Promise<boolean> {
    const { client, clock, leases, unackedIndex, expiries, era, visibilityTimeoutMs } = this.#options;
    const lookedAt = clock.monotonic();
    const tables = this.#options.tables();
    const changes = this.#changes;
    const reply = await glanceScript.run(
      client(),
      [leases, unackedIndex, expiries, era, ...tables, ...delayed, ...lists],
      [tables.length, delayed.length, visibilityTimeoutMs / 1_000],
    );
    const [isWaiting, dueInMs, overdueInMs, bindings] = reply as [number, number, number, BindingsReply];
    // A change may be told before the look that has not seen it.
    if (changes === this.#changes) this.#bindings = seenBindings(tables, bindings);
    if (dueInMs >= 0) this.#wakeAllIn(Math.max(dueInMs, 1));
    this.#quietUntil = lookedAt + (overdueInMs < 0 ? quietMs : Math.min(overdueInMs, quietMs));
    return isWaiting === 1;
  }

  #wakeAllIn(ms: number): void {
    const { clock } = this.#options;
    const at = clock.monotonic() + ms;
    if (this.#isClosed || (this.#due !== undefined && this.#due.at <= at)) return;
    this.#due?.timer.cancel();
    const timer = clock.setTimer(
      () => {
        this.#due = undefined;
        this.#wakeAll();
      },
      ms,
      { background: true },
    );
    this.#due = { at, timer };
  }

  /** The server remembers more than was looked at: all keys of a script that has changed nothing. Null stands for a whole database. */
  #onChanged(key: string | null): void {
    if (key === null || key === this.#options.era || this.#options.tables().includes(key)) {
      this.#changes += 1;
      this.#bindings = undefined;
    }
    for (const [wake, { delayed, lists }] of this.#waiting)
      if (key === null || lists.includes(key) || delayed.includes(key)) wake();
  }

  #wakeAll(): void {
    for (const wake of this.#waiting.keys()) wake();
  }

  async #track(): Promise<boolean> {
    const { client, subscriber, logger, pollMs: everyMs = pollMs } = this.#options;
    try {
      await subscriber.listen('__redis__:invalidate', (_channel, key) => this.#onChanged(key));
      // Without what this connection changes itself: a pop would wake the next one.
      const id = await subscriber.clientId();
      await client().client('TRACKING', 'ON', 'REDIRECT', id, 'NOLOOP');
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

function seenBindings(tables: readonly string[], [era, ...counts]: BindingsReply): SeenBindings {
  return { text: JSON.stringify([era, tables, counts]), counts };
}
