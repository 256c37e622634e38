import { CtqError, type CtqErrorOptions } from '@ctq/runtime';

/** Everything that can go wrong with the file. `recoverable` says whether trying again, unchanged, can help. */
export class DatabaseError extends CtqError {
  static override readonly family: string = 'DatabaseError';
  readonly recoverable: boolean;

  constructor(code: string, message: string, options: CtqErrorOptions & { readonly recoverable: boolean }) {
    super(code, message, options);
    this.recoverable = options.recoverable;
  }
}

/** Another process kept the write lock for longer than a transaction was willing to wait. */
export class DatabaseBusyError extends DatabaseError {
  static override readonly family: string = 'DatabaseBusyError';

  constructor(path: string, waitedMs: number, options: CtqErrorOptions = {}) {
    const message =
      `${path} was locked by another process for ${Math.round(waitedMs)} ms. ` +
      'Look for a program that keeps a transaction open (a database browser, a backup); the operation can be tried again.';
    super('CTQ_SQLITE_BUSY', message, { ...options, recoverable: true });
  }
}

/** SQLITE_FULL: the disk, a quota or `max_page_count`. The transaction was rolled back as a whole. */
export class DatabaseFullError extends DatabaseError {
  static override readonly family: string = 'DatabaseFullError';

  constructor(path: string, options: CtqErrorOptions = {}) {
    super(
      'CTQ_SQLITE_FULL',
      `No room left to write ${path}: nothing of this operation was stored. Free space on its disk and try again.`,
      {
        ...options,
        recoverable: true,
      },
    );
  }
}

/** The file is damaged, or is no SQLite database at all. */
export class DatabaseCorruptError extends DatabaseError {
  static override readonly family: string = 'DatabaseCorruptError';

  constructor(code: 'CTQ_SQLITE_CORRUPT' | 'CTQ_SQLITE_NOT_A_DATABASE', path: string, options: CtqErrorOptions = {}) {
    const message =
      code === 'CTQ_SQLITE_NOT_A_DATABASE'
        ? `${path} is not an SQLite database. Name another path, or move that file away so that a new one is made.`
        : `${path} is damaged. Stop everything that uses it, then restore a copy or save what is readable with ` +
          `\`sqlite3 <file> .recover\`; moving it away (with its -wal and -shm files) starts with a new one.`;
    super(code, message, { ...options, recoverable: false });
  }
}

/** The file, its folder or the file system cannot be written by this user. */
export class DatabaseReadOnlyError extends DatabaseError {
  static override readonly family: string = 'DatabaseReadOnlyError';

  constructor(path: string, options: CtqErrorOptions = {}) {
    const message =
      `${path} cannot be written. This user needs write access to the file and to its folder ` +
      '(SQLite keeps its -wal and -shm files there); check owner, mode and mount, or name another path.';
    super('CTQ_SQLITE_READ_ONLY', message, { ...options, recoverable: false });
  }
}

/** The file cannot be opened, or stopped being usable while it was open. */
export class DatabaseUnavailableError extends DatabaseError {
  static override readonly family: string = 'DatabaseUnavailableError';
}

/** The tables were made by a ctq whose layout this one does not know. */
export class SchemaVersionError extends DatabaseError {
  static override readonly family: string = 'SchemaVersionError';

  constructor(path: string, schema: string, found: number, wanted: number) {
    const advice =
      found > wanted
        ? 'A newer ctq wrote it: upgrade this program'
        : 'An older ctq wrote it: let that version work off what is in it, then move the file away';
    super(
      'CTQ_SQLITE_SCHEMA_VERSION',
      `${path} holds ctq's ${schema} tables in version ${found}; this program uses version ${wanted}. ${advice}, or name another path.`,
      { recoverable: false, details: { schema, found, wanted } },
    );
  }
}

/** The handle was used after `close`. */
export class DatabaseClosedError extends DatabaseError {
  static override readonly family: string = 'DatabaseClosedError';

  constructor(path: string) {
    super('CTQ_SQLITE_CLOSED', `${path} was closed by this program; open it again.`, { recoverable: true });
  }
}
