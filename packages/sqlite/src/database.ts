import { statSync } from 'node:fs';
import { type Clock, deferred } from '@ctq/runtime';
import { BusyLine } from './busy-line.js';
import { DatabaseClosedError, DatabaseError, DatabaseUnavailableError } from './errors.js';
import type { NativeDatabase } from './native.js';
import { prepareStatement, type Statement } from './statement.js';
import { WalWatch } from './wal-watch.js';

/** An open SQLite file that other processes have open too. */
export interface Database {
  readonly path: string;
  /** Resolves when the handle has ended: without an error by `close`, with one when the file was deleted or replaced under it. */
  readonly closed: Promise<{ readonly error?: Error }>;
  /**
   * False when the handle has ended. Looks at the file itself if that was not done for a second, so that what is stored does not end up in a
   * file that was deleted meanwhile.
   */
  isOpen(): boolean;
  /** Prepared once per handle and text. */
  statement<Row extends readonly unknown[]>(sql: string): Statement<Row>;
  /**
   * Runs `body` in one IMMEDIATE transaction and resolves with its result when it is committed. While another process has the write lock
   * it waits outside of SQLite, so that the event loop turns; `body` is synchronous, runs anew for each attempt and must have no effect
   * outside of the file. Transactions of one handle commit in the order in which they were asked for.
   * @throws DatabaseBusyError when the lock did not become free in time, DatabaseError for what else can go wrong.
   */
  transaction<T>(body: () => T extends PromiseLike<unknown> ? never : T, signal?: AbortSignal): Promise<T>;
  /** Runs statements that only read. They meet a lock only while a crashed process's WAL is being recovered. */
  read<T>(body: () => T, signal?: AbortSignal): Promise<T>;
  /**
   * Calls `listener` after commits, of other connections or announced by `touch`, from this call on (synchronously); returns how to end it.
   * Coalesced, perhaps once too often. Does not keep the process alive.
   */
  onChange(listener: () => void): () => void;
  /** Says that this handle's own last transaction is of interest to its own listeners. */
  touch(): void;
  /** Idempotent. Operations that wait for a lock are rejected. */
  close(): Promise<void>;
}

export interface DatabaseHandleOptions {
  readonly path: string;
  readonly native: NativeDatabase;
  readonly clock: Clock;
  readonly patienceMs: number;
  readonly translate: ErrorTranslation;
}

const inspectMs = 1_000;

/** Makes an adapter's error of a `DatabaseError`, by what failed: opening (or keeping) the file, reading, or a transaction. */
export type ErrorTranslation = (error: DatabaseError, during: 'open' | 'read' | 'write') => Error;

export class DatabaseHandle implements Database {
  readonly path: string;
  readonly closed: Promise<{ readonly error?: Error }>;
  readonly #native: NativeDatabase;
  readonly #statements = new Map<string, Statement>();
  readonly #writes: BusyLine;
  readonly #reads: BusyLine;
  readonly #watch: WalWatch;
  readonly #clock: Clock;
  readonly #inode: string | undefined;
  readonly #translate: ErrorTranslation;
  readonly #closed = deferred<{ readonly error?: Error }>();
  #inspectedAt: number;
  #end: DatabaseError | undefined;

  constructor(options: DatabaseHandleOptions) {
    const { path, native, clock, patienceMs, translate } = options;
    this.path = path;
    this.closed = this.#closed.promise;
    this.#native = native;
    this.#clock = clock;
    this.#inspectedAt = clock.monotonic();
    this.#translate = translate;
    this.#inode = inodeOf(path);
    this.#writes = new BusyLine({ path, clock, patienceMs, translate: translating(translate, 'write') });
    this.#reads = new BusyLine({ path, clock, patienceMs, translate: translating(translate, 'read') });
    this.#watch = new WalWatch({
      path,
      clock,
      dataVersion: () => this.statement<[number]>('PRAGMA data_version').row()?.[0] ?? 0,
      inspect: () => this.#inspect(),
    });
  }

  isOpen(): boolean {
    if (this.#end === undefined && this.#clock.monotonic() - this.#inspectedAt >= inspectMs) this.#inspect();
    return this.#end === undefined;
  }

  statement<Row extends readonly unknown[]>(sql: string): Statement<Row> {
    if (this.#end !== undefined) throw this.#end;
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = prepareStatement(this.#native, sql);
      this.#statements.set(sql, statement);
    }
    return statement as Statement<Row>;
  }

  transaction<T>(body: () => T extends PromiseLike<unknown> ? never : T, signal?: AbortSignal): Promise<T> {
    return this.#writes.run<T>(() => this.#commit(body), signal);
  }

  read<T>(body: () => T, signal?: AbortSignal): Promise<T> {
    return this.#reads.run(() => {
      if (this.#end !== undefined) throw this.#end;
      return body();
    }, signal);
  }

  onChange(listener: () => void): () => void {
    return this.#watch.listen(listener);
  }

  touch(): void {
    this.#watch.touch();
  }

  close(): Promise<void> {
    this.#finish(new DatabaseClosedError(this.path));
    return Promise.resolve();
  }

  #commit<T>(body: () => T): T {
    this.statement('BEGIN IMMEDIATE').run();
    try {
      const result = body();
      this.statement('COMMIT').run();
      return result;
    } catch (error) {
      this.#rollback();
      throw error;
    }
  }

  #rollback(): void {
    // SQLITE_FULL and I/O errors have rolled back already.
    if (this.#end !== undefined || !this.#native.inTransaction) return;
    try {
      this.statement('ROLLBACK').run();
    } catch {
      // The error that led here tells more.
    }
  }

  /** A deleted or replaced file would go on taking messages that nobody ever sees. */
  #inspect(): void {
    this.#inspectedAt = this.#clock.monotonic();
    if (this.#inode === inodeOf(this.path)) return;
    const error = new DatabaseUnavailableError(
      'CTQ_SQLITE_REPLACED',
      `${this.path} was deleted or replaced while it was in use. Stop its users before touching it; it is opened anew now.`,
      { recoverable: true },
    );
    this.#finish(error, this.#translate(error, 'open'));
  }

  #finish(end: DatabaseError, error?: Error): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    this.#writes.close(end);
    this.#reads.close(end);
    this.#watch.close();
    // libsql lets go of the file when the last statement is garbage collected (0.5.29 src/database.rs, `js_close`), so there may be no
    // checkpoint by SQLite at the end: this one leaves an empty WAL behind when no other process is busy.
    if (error === undefined) this.#checkpoint();
    this.#statements.clear();
    this.#native.close();
    this.#closed.resolve(error === undefined ? {} : { error });
  }

  #checkpoint(): void {
    try {
      this.#native.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get([]);
    } catch {
      // Whoever opens the file next finds everything in the WAL.
    }
  }
}

/** Errors that did not come from the file (a bug in a transaction's body) stay what they are. */
export function translating(translate: ErrorTranslation, during: 'open' | 'read' | 'write'): (error: Error) => Error {
  return (error) => (DatabaseError.isInstance(error) ? translate(error, during) : error);
}

function inodeOf(path: string): string | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat === undefined ? undefined : `${stat.dev}:${stat.ino}`;
}
