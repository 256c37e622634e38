import { backoffMs, type Clock } from '@ctq/runtime';
import { DatabaseBusyError } from './errors.js';
import { isBusy, mapError } from './map-error.js';

export interface BusyLineOptions {
  readonly path: string;
  readonly clock: Clock;
  /** How long one operation is tried before `DatabaseBusyError`. */
  readonly patienceMs: number;
  /** The last word on what an operation rejects with. */
  readonly translate: (error: Error) => Error;
}

interface Waiting {
  readonly attempt: () => unknown;
  readonly since: number;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  isGone: boolean;
}

/** Short at first, because a transaction of another ctq process lasts about a millisecond. */
const backoff = { firstMs: 1, maxMs: 50, jitter: 'equal' } as const;

/**
 * Operations on a file whose lock somebody else has. libsql is synchronous, so waiting in SQLite would block the event loop: the
 * wait is out here, between attempts. First come, first served: of two operations the one that was asked for first is done first.
 */
export class BusyLine {
  readonly #options: BusyLineOptions;
  readonly #line: Waiting[] = [];
  #isServing = false;

  constructor(options: BusyLineOptions) {
    this.#options = options;
  }

  /** Does it at once if nobody waits and the lock is free. `attempt` may be called several times; only the last call counts. */
  async run<T>(attempt: () => T, signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted();
    if (this.#line.length === 0) {
      try {
        return attempt();
      } catch (error) {
        if (!isBusy(error)) throw this.#errorOf(error);
      }
    }
    return this.#stand(attempt, signal);
  }

  /** Rejects everyone who waits. */
  close(reason: Error): void {
    for (const waiting of this.#line.splice(0)) waiting.reject(this.#errorOf(reason));
  }

  async #stand<T>(attempt: () => T, signal: AbortSignal | undefined): Promise<T> {
    let abort = (): void => undefined;
    try {
      return await new Promise<T>((resolve, reject) => {
        const waiting: Waiting = {
          attempt,
          since: this.#options.clock.monotonic(),
          resolve: resolve as (value: unknown) => void,
          reject,
          isGone: false,
        };
        abort = () => {
          waiting.isGone = true;
          reject(signal?.reason);
        };
        signal?.addEventListener('abort', abort, { once: true });
        this.#line.push(waiting);
        if (!this.#isServing) void this.#serve();
      });
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  async #serve(): Promise<void> {
    this.#isServing = true;
    for (let attempts = 0; this.#line.length > 0; ) {
      await this.#options.clock.sleep(backoffMs(attempts, backoff));
      attempts = this.#serveWhileFree() ? 0 : attempts + 1;
    }
    this.#isServing = false;
  }

  /** True when at least the first one was served. */
  #serveWhileFree(): boolean {
    let served = false;
    for (let first = this.#line[0]; first !== undefined; first = this.#line[0]) {
      if (!first.isGone && !this.#tryOnce(first)) return served;
      this.#line.shift();
      served = true;
    }
    return served;
  }

  /** False when the lock is still held and there is patience left. */
  #tryOnce(waiting: Waiting): boolean {
    const { path, clock, patienceMs } = this.#options;
    try {
      waiting.resolve(waiting.attempt());
    } catch (error) {
      if (!isBusy(error)) {
        waiting.reject(this.#errorOf(error));
        return true;
      }
      const waitedMs = clock.monotonic() - waiting.since;
      if (waitedMs < patienceMs) return false;
      waiting.reject(this.#errorOf(new DatabaseBusyError(path, waitedMs, { cause: error })));
    }
    return true;
  }

  #errorOf(thrown: unknown): Error {
    return this.#options.translate(mapError(thrown, this.#options.path));
  }
}
