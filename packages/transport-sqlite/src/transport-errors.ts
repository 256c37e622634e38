import { TransportConnectionError, TransportError } from '@ctq/messaging';
import type { ErrorTranslation } from '@ctq/sqlite';

/**
 * An error of the file as an error of a transport. A full disk and a lock that did not become free concern the operation and leave the
 * connection as it is; everything else ends it.
 */
export const transportError: ErrorTranslation = (cause, during) => {
  const { code, message, recoverable } = cause;
  const isPassing = during !== 'open' && (code === 'CTQ_SQLITE_FULL' || code === 'CTQ_SQLITE_BUSY');
  return isPassing
    ? new TransportError(code, message, { cause, recoverable })
    : new TransportConnectionError(message, { cause, code, recoverable });
};
