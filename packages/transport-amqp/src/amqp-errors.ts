import {
  ChannelClosedError,
  TopologyMismatchError,
  TopologyNotFoundError,
  TransportConnectionError,
  TransportError,
} from '@ctq/messaging';
import { toError } from '@ctq/runtime';

/** AMQP 0-9-1's reply codes. */
export const replyCodes = { accessRefused: 403, notFound: 404, resourceLocked: 405, preconditionFailed: 406 } as const;

/** The connection could not be made, or has ended. @param url without its password */
export function connectionError(thrown: unknown, url: string, what: string): TransportConnectionError {
  const cause = toError(thrown);
  return new TransportConnectionError(`${what} ${url}: ${cause.message}`, { cause, recoverable: !isHopeless(cause) });
}

/** What the broker said no to on a channel, which it closes for that. */
export function channelError(thrown: unknown): TransportError {
  if (TransportError.isInstance(thrown)) return thrown;
  const cause = toError(thrown);
  const message = reasonOf(cause);
  switch (codeOf(cause)) {
    case replyCodes.notFound:
      return new TopologyNotFoundError(message, { cause });
    case replyCodes.resourceLocked:
    case replyCodes.preconditionFailed:
      return new TopologyMismatchError(message, { cause });
    case replyCodes.accessRefused:
      return new TransportError('CTQ_ACCESS_REFUSED', `${message}: give the user that right, or take another one.`, {
        cause,
        recoverable: false,
      });
    default:
      return new ChannelClosedError(message, { cause });
  }
}

export function codeOf(error: Error): number | undefined {
  const code: unknown = 'code' in error ? error.code : undefined;
  return typeof code === 'number' ? code : undefined;
}

/** The broker's own words: amqplib puts the method before and the code in front. */
function reasonOf({ message }: Error): string {
  return /with message "(.*)"$/s.exec(message)?.[1] ?? message;
}

/** Trying again cannot help: the broker refuses whoever asks so, or it is not who it should be. */
function isHopeless(error: Error): boolean {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (/^(?:ERR_TLS_CERT|ERR_SSL|CERT_|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO_(?:GET|VERIFY))/.test(code)) return true;
  const { message } = error;
  if (/SASL mechanism|ACCESS[-_]REFUSED/.test(message)) return true;
  return /NOT[-_]ALLOWED/.test(message) && !/limit/.test(message);
}
