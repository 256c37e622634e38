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

/** Who is told of every state of some results that comes to be known here, until it stops. */
export interface ResultObserver {
  /** The same state may come twice. */
  onRecord(record: ResultRecord): void;
  /** Nothing more will come. */
  onError(error: unknown): void;
}

/** Ends the observing, of all the results or of some of them. */
export type StopObserving = (taskIds?: readonly string[]) => void;

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
  readonly #observers = new Map<string, Set<ResultObserver>>();
  /** When news of an observed result last came, in reads: what a read that had begun before brings is older than that. */
  readonly #news = new Map<string, number>();
  #reads = 0;
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

  /** Tells of the states of results, beginning with the present ones. */
  observe(taskIds: readonly string[], observer: ResultObserver): StopObserving {
    if (this.#stop.signal.aborted) {
      observer.onError(this.#stop.signal.reason);
      return () => undefined;
    }
    for (const taskId of taskIds) {
      const observers = this.#observers.get(taskId);
      if (observers === undefined) this.#observers.set(taskId, new Set([observer]));
      else observers.add(observer);
      this.#lookFor(taskId);
    }
    return (some = taskIds) => this.#stopObserving(some, observer);
  }

  async close(): Promise<void> {
    const reason = new Error('The app was closed while a result was awaited.');
    this.#stop.abort(reason);
    for (const waiting of this.#pending.values()) waiting.reject(reason);
    this.#pending.clear();
    const observers = new Set([...this.#observers.values()].flatMap((some) => [...some]));
    this.#observers.clear();
    for (const observer of observers) observer.onError(reason);
    await this.#poll;
    const listener = await this.#listener?.catch(() => undefined);
    await listener?.close();
  }

  #begin(taskId: string): Waiting {
    const waiting: Waiting = { ...deferred<ResultRecord>(), waiters: 0 };
    this.#pending.set(taskId, waiting);
    this.#lookFor(taskId);
    return waiting;
  }

  #lookFor(taskId: string): void {
    this.#added.push(taskId);
    if (this.#added.length === 1) setImmediate(() => this.#lookForAdded());
    this.#poll ??= this.#pollWhileWanted();
  }

  #isWanted(taskId: string): boolean {
    return this.#pending.has(taskId) || this.#observers.has(taskId);
  }

  #stopObserving(taskIds: readonly string[], observer: ResultObserver): void {
    const left: string[] = [];
    for (const taskId of taskIds) {
      const observers = this.#observers.get(taskId);
      if (observers?.delete(observer) !== true || observers.size > 0) continue;
      this.#observers.delete(taskId);
      this.#news.delete(taskId);
      if (!this.#pending.has(taskId)) left.push(taskId);
    }
    if (left.length > 0) this.#unwatch(left);
  }

  #lookForAdded(): void {
    const added = this.#added.filter((taskId) => this.#isWanted(taskId));
    this.#added = [];
    this.#look(added).catch((error: unknown) => {
      if (BackendError.isInstance(error) && error.recoverable)
        this.#logger.warn({ err: error }, 'Reading results failed; they are read again.');
      else this.#fail(added, error);
    });
  }

  /** Nobody need wait for them any longer. */
  #fail(taskIds: readonly string[], error: unknown): void {
    const told = new Set<ResultObserver>();
    for (const taskId of taskIds) {
      this.#pending.get(taskId)?.reject(error);
      this.#pending.delete(taskId);
      for (const observer of this.#observers.get(taskId) ?? []) told.add(observer);
      this.#observers.delete(taskId);
      this.#news.delete(taskId);
    }
    this.#unwatch(taskIds);
    for (const observer of told) observer.onError(error);
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
        for (const id of stored) if (this.#observers.has(id)) this.#news.set(id, this.#reads);
        if (records !== undefined) this.#settle(records);
        const wanted = stored.filter((id) => this.#isWanted(id) && !records?.has(id));
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
    this.#reads += 1;
    const begun = this.#reads;
    this.#settle(await this.#backend.getMany(taskIds), begun);
  }

  /** Gives those who wait what is ready, and those who observe everything that is not older than what they know. */
  #settle(records: ReadonlyMap<string, ResultRecord>, begun: number = Number.POSITIVE_INFINITY): void {
    const done: string[] = [];
    for (const [id, record] of records) {
      const isReady = readyStates.has(record.status);
      const observers = this.#observers.get(id);
      if (observers !== undefined && (isReady || (this.#news.get(id) ?? 0) < begun))
        for (const observer of [...observers]) observer.onRecord(record);
      if (!isReady) continue;
      this.#pending.get(id)?.resolve(record);
      if (this.#pending.delete(id) && !this.#observers.has(id)) done.push(id);
    }
    if (done.length > 0) this.#unwatch(done);
  }

  #unwatch(taskIds: readonly string[]): void {
    void this.#listener
      ?.then((listener) => listener?.unwatch(taskIds))
      .catch((error: unknown) => this.#logger.warn({ err: toError(error) }, 'A result is watched that nobody awaits.'));
  }

  async #pollWhileWanted(): Promise<void> {
    let interval = this.#backend.notifier === undefined ? pollMs.first : this.#pollBehindNotifierMs;
    let hasFailed = false;
    try {
      for (;;) {
        await backgroundSleep(
          this.#clock,
          hasFailed ? Math.min(interval, afterFailureMs) : interval,
          this.#stop.signal,
        );
        const wanted = [...new Set([...this.#pending.keys(), ...this.#observers.keys()])];
        if (wanted.length === 0 || this.#stop.signal.aborted) return;
        if (this.#backend.notifier === undefined) interval = Math.min(interval * 2, pollMs.max);
        hasFailed = false;
        await this.#deliver(wanted).catch((error: unknown) => {
          if (BackendError.isInstance(error) && !error.recoverable) return this.#fail(wanted, error);
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
    if (!this.#observers.has(taskId)) this.#unwatch([taskId]);
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
