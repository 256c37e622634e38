import { toError } from '@ctq/runtime';
import {
  DatabaseCorruptError,
  DatabaseError,
  DatabaseFullError,
  DatabaseReadOnlyError,
  DatabaseUnavailableError,
} from './errors.js';

/** libsql's `code` of an error: SQLite's name of the (extended) result code, `SQLITE_BUSY_SNAPSHOT`. */
function sqliteCode(thrown: unknown): string | undefined {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' && thrown.code !== ''
    ? thrown.code
    : undefined;
}

/**
 * Somebody else has the lock, and it goes away by itself. SQLITE_PROTOCOL is what a lost race for the WAL's locks is called
 * (sqlite.org/rescode.html#protocol).
 */
export function isBusy(thrown: unknown): boolean {
  const code = sqliteCode(thrown);
  return code !== undefined && (code.startsWith('SQLITE_BUSY') || code === 'SQLITE_PROTOCOL');
}

/** What libsql or `node:fs` threw, as an error that says what to do; errors that did not come from there pass unchanged. */
export function mapError(thrown: unknown, path: string): Error {
  const cause = toError(thrown);
  if (DatabaseError.isInstance(cause)) return cause;
  const code = sqliteCode(cause);
  if (code === undefined) return openFailure(cause, path) ?? cause;
  if (code.startsWith('SQLITE_FULL') || code === 'ENOSPC' || code === 'EDQUOT')
    return new DatabaseFullError(path, { cause });
  if (code.startsWith('SQLITE_NOTADB')) return new DatabaseCorruptError('CTQ_SQLITE_NOT_A_DATABASE', path, { cause });
  if (code.startsWith('SQLITE_CORRUPT')) return new DatabaseCorruptError('CTQ_SQLITE_CORRUPT', path, { cause });
  if (code.startsWith('SQLITE_READONLY') || code.startsWith('SQLITE_PERM'))
    return new DatabaseReadOnlyError(path, { cause });
  if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM') return new DatabaseReadOnlyError(path, { cause });
  if (code.startsWith('SQLITE_CANTOPEN') || /^E[A-Z]+$/.test(code)) return cannotOpen(path, cause);
  if (code.startsWith('SQLITE_IOERR')) {
    return new DatabaseUnavailableError(
      'CTQ_SQLITE_IO',
      `Reading or writing ${path} failed (${cause.message}). Check its disk.`,
      {
        cause,
        recoverable: true,
      },
    );
  }
  return code.startsWith('SQLITE_')
    ? new DatabaseError('CTQ_SQLITE_FAILED', `SQLite refused an operation on ${path}: ${cause.message}`, {
        cause,
        recoverable: false,
      })
    : cause;
}

/** libsql reports a failed open as a plain error that ends in SQLite's number: `ConnectionFailed("… : 14")`. */
function openFailure(cause: Error, path: string): DatabaseError | undefined {
  return cause.message.startsWith('ConnectionFailed') ? cannotOpen(path, cause) : undefined;
}

function cannotOpen(path: string, cause: Error): DatabaseError {
  return new DatabaseUnavailableError(
    'CTQ_SQLITE_CANNOT_OPEN',
    `${path} cannot be opened. Check that it names a file (not a folder) in a folder that this user can write to.`,
    { cause, recoverable: false },
  );
}
