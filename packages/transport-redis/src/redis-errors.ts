import { TransportConnectionError, TransportError } from '@ctq/messaging';
import { clientError, refusalOf } from '@ctq/redis';

/** An error of the client or the server, as a transport's. What is lost with the connection, or cannot be helped, ends it. */
export function transportError(thrown: unknown, url: string): TransportError {
  if (TransportError.isInstance(thrown)) return thrown;
  const cause = clientError(thrown);
  const { recoverable, isPassing, reason } = refusalOf(cause);
  if (isPassing) return new TransportError('CTQ_REDIS', `Redis refused a command: ${reason}`, { cause, recoverable });
  return new TransportConnectionError(`${url}: ${reason}`, { cause, recoverable });
}
