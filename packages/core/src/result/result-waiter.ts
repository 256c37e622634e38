import { type Clock, deferred, type Deferred, type Logger, toError } from '@ctq/runtime';
import type { ResultBackend, ResultListener } from '../backend/result-backend.js';
import { BackendError, ResultTimeoutError } from '../errors/result-errors.js';
import type { ResultRecord } from './result-record.js';
import { readyStates } from './states.js';

export interface WaitOptions {
  readonly timeoutMs?: number | undefined;
  /** How much of that is over. Default 0. */
  readonly waitedMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/** A result that somebody waits for. */
interface Waiting extends Deferred<ResultRecord> {
  waiters: number;
}

/** With a notifier the poll only repairs a lost hint; without one it is how results are found. */
const pollBehindNotifierMs = 5_000;
const pollMs = { first: 20, max: 500 };
/** What was told while reading failed may not be told again. */
const afterFailureMs = 1_000;

/**
 * Waits for results on behalf of everyone in the app: one subscription, one look per batch of ids, one slow poll behind it, so that nothing hangs when
 * a hint is lost, a result has expired or a connection dropped.
 */
export class ResultWaiter {
  readonly #backend: ResultBackend;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #pollBehindNotifierMs: number;
  readonly #pending = new Map<string, Waiting>();
  /** Ids to subscribe to and look for at the end of this turn of the event loop. */
  #added: string[] = [];
  readonly #stop = new AbortController();
  #listener: Promise<ResultListener | undefined> | undefined;
  #poll: Promise<void> | undefined;

  /** @param expiresMs how long results are kept: what is there for a moment only is looked for more often. */
  constructor(backend: ResultBackend, clock: Clock, logger: Logger, expiresMs: number = Number.POSITIVE_INFINITY) {
    this.#backend = backend;
    this.#clock = clock;
    this.#logger = logger;
    this.#pollBehindNotifierMs = Math.max(pollMs.first, Math.min(pollBehindNotifierMs, expiresMs / 3));
  }

  wait(taskId: string, options: WaitOptions): Promise<ResultRecord> {
    if (options.signal?.aborted === true) return Promise.reject(options.signal.reason);
    if (this.#stop.signal.aborted) return Promise.reject(this.#stop.signal.reason);
    const waiting = this.#pending.get(taskId) ?? this.#begin(taskId);
    waiting.waiters += 1;
    if (options.timeoutMs === undefined && options.signal === undefined) return waiting.promise;
    return this.#within(taskId, waiting, options);
  }

  async close(): Promise<void> {
    const reason = new Error('The app was closed while a result was awaited.');
    this.#stop.abort(reason);
    for (const waiting of this.#pending.values()) waiting.reject(reason);
    this.#pending.clear();
    await this.#poll;
    const listener = await this.#listener?.catch(() => undefined);
    await listener?.close();
  }

  #begin(taskId: string): Waiting {
    const waiting: Waiting = { ...deferred<ResultRecord>(), waiters: 0 };
    this.#pending.set(taskId, waiting);
    this.#added.push(taskId);
    if (this.#added.length === 1) setImmediate(() => this.#lookForAdded());
    this.#poll ??= this.#pollWhilePending();
    return waiting;
  }

  #lookForAdded(): void {
    const added = this.#added.filter((taskId) => this.#pending.has(taskId));
    this.#added = [];
    this.#look(added).catch((error: unknown) => {
      if (BackendError.isInstance(error) && error.recoverable) {
        this.#logger.warn({ err: error }, 'Reading results failed; they are read again.');
        return;
      }
      for (const taskId of added) {
        this.#pending.get(taskId)?.reject(error);
        this.#pending.delete(taskId);
      }
    });
  }

  /** Subscribes before it looks: what is stored between the two is told. */
  async #look(taskIds: readonly string[]): Promise<void> {
    const listener = await this.#listen();
    await listener?.watch(taskIds);
    await this.#deliver(taskIds);
  }

  #listen(): Promise<ResultListener | undefined> {
    if (this.#listener !== undefined) return this.#listener;
    const listening = Promise.resolve(
      this.#backend.notifier?.listen((stored, records) => {
        if (records !== undefined) this.#settle(records);
        const wanted = stored.filter((id) => this.#pending.has(id) && !records?.has(id));
        if (wanted.length === 0) return;
        this.#deliver(wanted).catch((error: unknown) =>
          this.#logger.warn({ err: toError(error) }, 'Reading results failed; they are read again.'),
        );
      }),
    );
    this.#listener = listening;
    // The next look tries again.
    listening.catch(() => {
      if (this.#listener === listening) this.#listener = undefined;
    });
    return listening;
  }

  async #deliver(taskIds: readonly string[]): Promise<void> {
    this.#settle(await this.#backend.getMany(taskIds));
  }

  /** Gives those who wait what is ready. */
  #settle(records: ReadonlyMap<string, ResultRecord>): void {
    const done: string[] = [];
    for (const [id, record] of records) {
      if (!readyStates.has(record.status)) continue;
      this.#pending.get(id)?.resolve(record);
      if (this.#pending.delete(id)) done.push(id);
    }
    if (done.length > 0) this.#unwatch(done);
  }

  #unwatch(taskIds: readonly string[]): void {
    void this.#listener
      ?.then((listener) => listener?.unwatch(taskIds))
      .catch((error: unknown) => this.#logger.warn({ err: toError(error) }, 'A result is watched that nobody awaits.'));
  }

  async #pollWhilePending(): Promise<void> {
    let interval = this.#backend.notifier === undefined ? pollMs.first : this.#pollBehindNotifierMs;
    let hasFailed = false;
    try {
      while (this.#pending.size > 0 && !this.#stop.signal.aborted) {
        await backgroundSleep(
          this.#clock,
          hasFailed ? Math.min(interval, afterFailureMs) : interval,
          this.#stop.signal,
        );
        if (this.#backend.notifier === undefined) interval = Math.min(interval * 2, pollMs.max);
        hasFailed = false;
        await this.#deliver([...this.#pending.keys()]).catch((error: unknown) => {
          hasFailed = true;
          this.#logger.warn({ err: toError(error) }, 'Reading results failed; they are read again.');
        });
      }
    } finally {
      this.#poll = undefined;
    }
  }

  /** Nobody waits for it any more: it is not looked for any longer. */
  #leave(taskId: string, waiting: Waiting): void {
    waiting.waiters -= 1;
    if (waiting.waiters > 0 || this.#pending.get(taskId) !== waiting) return;
    this.#pending.delete(taskId);
    this.#unwatch([taskId]);
  }

  async #within(taskId: string, waiting: Waiting, options: WaitOptions): Promise<ResultRecord> {
    const end = deferred<never>();
    const onAbort = (): void => end.reject(options.signal?.reason);
    options.signal?.addEventListener('abort', onAbort, { once: true });
    const timer =
      options.timeoutMs === undefined
        ? undefined
        : this.#clock.setTimer(
            () =>
              end.reject(
                new ResultTimeoutError(
                  `The result of task ${taskId} did not arrive within ${(options.timeoutMs ?? 0) / 1_000}s. It may still be waiting, running, or have been sent to a queue that no worker consumes.`,
                  { details: { taskId } },
                ),
              ),
            Math.max(options.timeoutMs - (options.waitedMs ?? 0), 0),
          );
    try {
      return await Promise.race([waiting.promise, end.promise]);
    } finally {
      timer?.cancel();
      options.signal?.removeEventListener('abort', onAbort);
      this.#leave(taskId, waiting);
    }
  }
}

/** Resolves after the time or at the abort, whichever is first. */
function backgroundSleep(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      timer.cancel();
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = clock.setTimer(done, ms);
    signal.addEventListener('abort', done, { once: true });
  });
}
