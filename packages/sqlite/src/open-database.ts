import { accessSync, constants, mkdirSync, realpathSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { type Clock, systemClock } from '@ctq/runtime';
import { BusyLine } from './busy-line.js';
import { type Database, DatabaseHandle, type ErrorTranslation, translating } from './database.js';
import { DatabaseUnavailableError } from './errors.js';
import { mapError } from './map-error.js';
import { type NativeDatabase, openNative } from './native.js';
import { createSchema, isSchemaPresent, type Schema } from './schema.js';

export interface DatabaseOptions {
  /** The file; made with its folder when missing. Relative to the working directory. */
  readonly path: string;
  /**
   * `NORMAL` (default): what is committed survives the death of every process, kill -9 included; a power failure may take the last
   * moments. `FULL` survives that too, for an fsync per transaction.
   */
  readonly synchronous?: Synchronous;
  /** The tables that the caller needs; made when missing. */
  readonly schema: Schema;
  /** How long a transaction waits for another process's lock before it fails. Default 30 s. */
  readonly patienceMs?: number;
  /**
   * How long SQLite itself waits for a lock, with the event loop blocked. Default 5 ms (about the time of a few transactions
   * of others), at most 20 ms.
   */
  readonly busyTimeoutMs?: number;
  readonly clock?: Clock;
  /** What operations reject with instead of a `DatabaseError`: an adapter's contract has errors of its own. */
  readonly translate?: ErrorTranslation;
}

export type Synchronous = 'NORMAL' | 'FULL';

const longestBusyTimeoutMs = 20;
/**
 * Pages (of 4 KiB) between checkpoints, which whoever commits does with its event loop blocked: SQLite's default of 1,000 blocks for about
 * 20 ms and often, 4,000 for 60 ms and seldom.
 */
const checkpointPages = 2_000;
/** After a burst the WAL file shrinks back to this. */
const walLimitBytes = 64 * 1024 * 1024;
const cacheKiB = 16_384;

/**
 * Opens a file that several processes share.
 * @throws DatabaseError: corrupt, read-only, locked for too long, made by another version of ctq; `recoverable` tells which.
 */
export async function openDatabase(options: DatabaseOptions, signal?: AbortSignal): Promise<Database> {
  const { schema, clock = systemClock, patienceMs = 30_000, translate = (error) => error } = options;
  const path = resolve(options.path);
  signal?.throwIfAborted();
  let native: NativeDatabase | undefined;
  try {
    mkdirSync(dirname(path), { recursive: true });
    const opened = openNative(path, Math.min(options.busyTimeoutMs ?? 5, longestBusyTimeoutMs));
    native = opened;
    // SQLite would open it for reading only, and fail at the first message.
    for (const needed of [path, dirname(path)]) accessSync(needed, constants.W_OK);
    const line = new BusyLine({ path, clock, patienceMs, translate: (error) => error });
    await line.run(() => prepareFile(opened, options.synchronous ?? 'NORMAL', path), signal);
    await line.run(() => prepareTables(opened, schema, path), signal);
    // SQLite keeps the WAL beside the file that a symbolic link leads to.
    return new DatabaseHandle({ path: realpathSync(path), native: opened, clock, patienceMs, translate });
  } catch (error) {
    native?.close();
    if (signal?.aborted === true) throw error;
    throw translating(translate, 'open')(mapError(error, path));
  }
}

function prepareFile(native: NativeDatabase, synchronous: Synchronous, path: string): void {
  const mode = (): unknown => (native.prepare('PRAGMA journal_mode').raw().get([]) as unknown[])[0];
  // Switching needs the file for itself; where it is done already, the question costs no lock.
  if (mode() !== 'wal') native.prepare('PRAGMA journal_mode = WAL').get([]);
  if (mode() !== 'wal') {
    throw new DatabaseUnavailableError(
      'CTQ_SQLITE_NO_WAL',
      `${path} cannot be shared between processes: SQLite has no write-ahead log there. Use a file on a local disk, not a network drive.`,
      { recoverable: false },
    );
  }
  native.exec(`PRAGMA synchronous = ${synchronous === 'FULL' ? 'FULL' : 'NORMAL'}`);
  native.exec(`PRAGMA journal_size_limit = ${walLimitBytes}`);
  native.exec(`PRAGMA wal_autocheckpoint = ${checkpointPages}`);
  native.exec(`PRAGMA cache_size = -${cacheKiB}`);
  native.exec('PRAGMA temp_store = MEMORY');
}

function prepareTables(native: NativeDatabase, schema: Schema, path: string): void {
  if (isSchemaPresent(native, schema, path)) return;
  native.exec('BEGIN IMMEDIATE');
  try {
    createSchema(native, schema, path);
    native.exec('COMMIT');
  } catch (error) {
    if (native.inTransaction) native.exec('ROLLBACK');
    throw error;
  }
}
