import type { Queue } from '@ctq/messaging';
import { backoffMs, Batcher, type Clock, type Logger, toError } from '@ctq/runtime';
import type { BackendBroker, ResultBackend, ResultBackendContext } from '../backend/result-backend.js';
import { BackendError } from '../errors/result-errors.js';
import { formatWireTime } from '../protocol/wire-time.js';
import type { Revocation } from '../revoke/revocation.js';
import { intercepted, type Interceptor } from '../interceptor/interceptor.js';
import type { AnyResult } from './result-handle.js';
import type { RecordToStore, ResultCodec, ResultRecord } from './result-record.js';
import { type ResultObserver, ResultWaiter, type StopObserving, type WaitOptions } from './result-waiter.js';
import type { ErrorClasses } from './error-classes.js';
import { rebuildError } from './stored-error.js';
import { StorableSize } from './storable-size.js';

/** Between attempts to open the backend for those who wait for results. */
const openRetry = { firstMs: 100, maxMs: 2_000, jitter: 'equal' } as const;

export interface ResultStoreOptions {
  readonly backend: () => Promise<ResultBackend>;
  /** Results come to the process that sends the call, which has to listen before it does. */
  readonly isHeardBySender: () => boolean;
  /** For backends whose results are messages. */
  readonly broker: () => BackendBroker;
  readonly codec: () => ResultCodec;
  readonly expiresMs: () => number | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly interceptors: readonly Interceptor[];
  /** Classes of the program whose errors come back as what they were. */
  readonly errorClasses: ErrorClasses;
  /** The setting `taskRemoteTracebacks`. */
  readonly remoteTracebacks: () => boolean;
  /** Makes a handle of the tuple of a result. @throws TypeError where it is none. */
  readonly handleOf: (store: ResultStore, tuple: unknown) => AnyResult;
  /** For all processes of the app. @throws ConfigurationError for an app without a store. */
  readonly revoke: (revocations: readonly Revocation[]) => Promise<void>;
  /** The setting `resultMaxSize`, in bytes; undefined for no limit of its own. */
  readonly maxBytes: () => number | undefined;
}

/**
 * The app's way to its result backend: opened by the first use; what is stored in one turn of the event loop is one write; everybody who
 * waits shares one subscription.
 */
export class ResultStore {
  readonly #options: ResultStoreOptions;
  readonly #writes: Batcher<RecordToStore>;
  readonly #reads: Batcher<Read>;
  readonly #store: (record: RecordToStore) => Promise<void>;
  #opened: ResultBackend | undefined;
  #isHeardBySender: boolean | undefined;
  #datedAt = Number.NaN;
  #date = '';
  #open: Promise<ResultBackend> | undefined;
  #waiter: ResultWaiter | undefined;
  #closed: Promise<void> | undefined;
  #size: StorableSize | undefined;
  #codec: ResultCodec | undefined;
  readonly #closing = new AbortController();

  constructor(options: ResultStoreOptions) {
    this.#options = options;
    this.#writes = new Batcher(async (records) => {
      const backend = await this.backend();
      // What travels is heard state by state.
      await backend.store(backend.supports.readers === 'sender' ? records : latestOfEach(records));
    });
    this.#reads = new Batcher(async (reads) => {
      const found = await (await this.backend()).getMany([...new Set(reads.map((read) => read.taskId))]);
      for (const read of reads) read.record = found.get(read.taskId);
    });
    this.#store = intercepted<RecordToStore, void>(
      options.interceptors,
      (interceptor) => interceptor.store?.bind(interceptor),
      (record) => this.#writes.add(record),
    );
  }

  /** The opened backend. When it cannot be opened the next use tries again. */
  backend(): Promise<ResultBackend> {
    if (this.#open !== undefined) return this.#open;
    const opening = this.#openBackend();
    this.#open = opening;
    opening.catch((error: unknown) => {
      if (this.#open === opening) this.#open = undefined;
      if (this.#closed === undefined)
        this.#options.logger.warn({ err: toError(error) }, 'The result backend cannot be opened');
    });
    return opening;
  }

  store(record: RecordToStore): Promise<void> {
    return this.#store(record);
  }

  /** Results come to the process that sends the call: `expect` is to be called before each whose result is wanted here. */
  get isHeardBySender(): boolean {
    this.#isHeardBySender ??= this.#options.isHeardBySender();
    return this.#isHeardBySender;
  }

  /** What is to be declared with a call; undefined for nothing. A promise only until the backend is open. */
  expect(): Queue | undefined | Promise<Queue | undefined> {
    if (this.#opened !== undefined) return this.#opened.expectResult?.();
    return this.backend().then((backend) => backend.expectResult?.());
  }

  /** What the backend is opened with. */
  get context(): ResultBackendContext {
    const { clock, logger, broker } = this.#options;
    return { clock, logger, codec: this.codec, expiresMs: this.expiresMs, broker: broker() };
  }

  /** How long results are kept, and what is kept for workflows beside them; undefined for ever. */
  get expiresMs(): number | undefined {
    return this.#options.expiresMs();
  }

  get clock(): Clock {
    return this.#options.clock;
  }

  /** What results are encoded with. */
  get codec(): ResultCodec {
    this.#codec ??= this.#options.codec();
    return this.#codec;
  }

  get errorClasses(): ErrorClasses {
    return this.#options.errorClasses;
  }

  /** A handle on a result that a document names. @throws TypeError where it names none. */
  handleOf(tuple: unknown): AnyResult {
    return this.#options.handleOf(this, tuple);
  }

  /** Says for all processes of the app that calls are not to be run any more. */
  revoke(revocations: readonly Revocation[]): Promise<void> {
    return this.#options.revoke(revocations);
  }

  /** The error of a failed task's record. */
  errorOf({ result, traceback, taskId }: Pick<ResultRecord, 'result' | 'traceback' | 'taskId'>): Error {
    const { errorClasses: classes, remoteTracebacks } = this.#options;
    return rebuildError(result, traceback, taskId, { classes, remoteTracebacks: remoteTracebacks() });
  }

  /** This instant as results carry it. Outcomes of one millisecond share the text. */
  dateDone(): string {
    const now = this.#options.clock.now();
    if (now !== this.#datedAt) {
      this.#datedAt = now;
      this.#date = formatWireTime(now);
    }
    return this.#date;
  }

  /** @throws EncodeError, ResultTooLargeError when the value cannot be stored: to be asked before anything follows from it. */
  assertStorable(value: unknown): void {
    this.#size ??= new StorableSize(this.codec, this.#options.maxBytes());
    this.#size.assertFits(value);
  }

  /** Whether the whole document is within the limit: arguments of extended results and stacks count as well. */
  fits(record: ResultRecord): boolean {
    this.#size ??= new StorableSize(this.codec, this.#options.maxBytes());
    return this.#size.fits(record);
  }

  async find(taskId: string): Promise<ResultRecord | undefined> {
    const read: Read = { taskId, record: undefined };
    await this.#reads.add(read);
    return read.record;
  }

  /** Resolves with the record of a ready state. */
  wait(taskId: string, options: WaitOptions): Promise<ResultRecord> {
    return this.#waiter === undefined ? this.#waitFirst(taskId, options) : this.#waiter.wait(taskId, options);
  }

  async #waitFirst(taskId: string, options: WaitOptions): Promise<ResultRecord> {
    const { clock } = this.#options;
    const startedAt = clock.monotonic();
    const waiter = this.#waiterOn(await this.#reach(options));
    return waiter.wait(taskId, { ...options, waitedMs: clock.monotonic() - startedAt });
  }

  #waiterOn(backend: ResultBackend): ResultWaiter {
    const { clock, logger } = this.#options;
    this.#waiter ??= new ResultWaiter(backend, clock, logger, this.expiresMs);
    return this.#waiter;
  }

  /** Who waits outlives a backend that cannot be opened for the moment, for as long as it wants to wait. */
  async #reach({ timeoutMs = Number.POSITIVE_INFINITY, signal }: WaitOptions): Promise<ResultBackend> {
    const { clock } = this.#options;
    const givesUp = signal === undefined ? this.#closing.signal : AbortSignal.any([signal, this.#closing.signal]);
    const until = clock.monotonic() + timeoutMs;
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await this.backend();
      } catch (error) {
        const delayMs = backoffMs(attempt, openRetry);
        const mayPass = BackendError.isInstance(error) && error.recoverable;
        if (!mayPass || clock.monotonic() + delayMs > until) throw error;
        await clock.sleep(delayMs, givesUp);
      }
    }
  }

  /** Tells of every state of some results, beginning with the present ones. */
  observe(taskIds: readonly string[], observer: ResultObserver): StopObserving {
    if (this.#waiter !== undefined) return this.#waiter.observe(taskIds, observer);
    let hasEnded = false;
    let end: StopObserving = () => undefined;
    this.#reach({})
      .then((backend) => {
        if (!hasEnded) end = this.#waiterOn(backend).observe(taskIds, observer);
      })
      .catch((error: unknown) => observer.onError(error));
    return (some) => {
      // Nothing is known of any of them before there is a backend.
      hasEnded ||= some === undefined;
      end(some);
    };
  }

  async forget(taskIds: readonly string[]): Promise<void> {
    await (await this.backend()).forget(taskIds);
  }

  /** Idempotent. Writes that were begun are finished; those who wait are told that the app was closed. */
  close(): Promise<void> {
    this.#closed ??= (async () => {
      await this.#writes.drain();
      this.#closing.abort(new Error('The app was closed while its result backend was being opened.'));
      await this.#waiter?.close();
      const backend = await this.#open?.catch(() => undefined);
      await backend?.close();
    })();
    return this.#closed;
  }

  async #openBackend(): Promise<ResultBackend> {
    const backend = await this.#options.backend();
    await backend.open(this.context, this.#closing.signal);
    this.#opened = backend;
    return backend;
  }
}

/** One look for a result; looks of one turn of the event loop are one read. */
interface Read {
  readonly taskId: string;
  record: ResultRecord | undefined;
}

/** In one batch the last word on a task counts (STARTED and SUCCESS of a short task meet here). */
function latestOfEach(records: readonly RecordToStore[]): readonly RecordToStore[] {
  const latest = new Map<string, RecordToStore>();
  for (const record of records) {
    if (latest.get(record.taskId)?.status !== 'SUCCESS') latest.set(record.taskId, record);
  }
  return latest.size === records.length ? records : [...latest.values()];
}
