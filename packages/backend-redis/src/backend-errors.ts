import { BackendConnectionError, BackendReadError, BackendStoreError } from '@ctq/core/backend';
import { clientError, refusalOf } from '@ctq/redis';

/** An error of the client or the server, as a result backend's. */
export function backendError(thrown: unknown, during: 'open' | 'read' | 'write', url: string): Error {
  const cause = clientError(thrown);
  const { recoverable, reason } = refusalOf(cause);
  const message = `${url}: ${reason}`;
  if (during === 'open') return new BackendConnectionError(message, { cause, recoverable });
  const options = { cause, recoverable };
  return during === 'read' ? new BackendReadError(message, options) : new BackendStoreError(message, options);
}
