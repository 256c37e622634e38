import { BackendConnectionError, BackendReadError, BackendStoreError } from '@ctq/core/backend';
import type { ErrorTranslation } from '@ctq/sqlite';

/** An error of the file as an error of a result backend: what is wrong with the file itself, or what could not be read or stored. */
export const backendError: ErrorTranslation = (cause, during) => {
  const { code, message, recoverable } = cause;
  const options = { cause, recoverable, details: { code } };
  if (during === 'open' || code === 'CTQ_SQLITE_CLOSED') return new BackendConnectionError(message, options);
  return during === 'read' ? new BackendReadError(message, options) : new BackendStoreError(message, options);
};
