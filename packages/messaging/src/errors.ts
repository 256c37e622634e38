import { CtqError, type CtqErrorOptions } from '@ctq/runtime';

/** Everything that can go wrong between a program and its broker. */
export class MessagingError extends CtqError {
  static override readonly family: string = 'MessagingError';
}

/** The broker, or the way to it, failed. `recoverable` says whether trying again can help. */
export class TransportError extends MessagingError {
  static override readonly family: string = 'TransportError';
  readonly recoverable: boolean;

  constructor(code: string, message: string, options: CtqErrorOptions & { readonly recoverable: boolean }) {
    super(code, message, options);
    this.recoverable = options.recoverable;
  }
}

/** No connection, or it was lost. Kombu and Celery call it OperationalError. */
export class TransportConnectionError extends TransportError {
  static override readonly family: string = 'TransportConnectionError';

  constructor(message: string, options: CtqErrorOptions & { readonly recoverable: boolean; readonly code?: string }) {
    super(options.code ?? 'CTQ_TRANSPORT_CONNECTION', message, options);
  }
}

/**
 * A publish was not confirmed by its deadline. `outcome` says whether the message can be in its queue: `not-sent` when the broker was never
 * asked to take it, `unknown` when it was, and did not answer.
 */
export class PublishTimeoutError extends TransportConnectionError {
  static override readonly family: string = 'PublishTimeoutError';
  readonly outcome: PublishOutcome;

  constructor(message: string, { outcome, ...options }: CtqErrorOptions & { readonly outcome: PublishOutcome }) {
    const code = outcome === 'unknown' ? 'CTQ_PUBLISH_UNKNOWN' : 'CTQ_PUBLISH_TIMEOUT';
    super(message, { ...options, code, recoverable: true });
    this.outcome = outcome;
  }
}

export type PublishOutcome = 'not-sent' | 'unknown';

/** A consumer was given nothing although messages wait and it has room for them, and rebuilding it did not help. */
export class ConsumerStuckError extends TransportError {
  static override readonly family: string = 'ConsumerStuckError';

  constructor(message: string, options: CtqErrorOptions = {}) {
    super('CTQ_CONSUMER_STUCK', message, { ...options, recoverable: true });
  }
}

/** A channel or connection was used after it ended. */
export class ChannelClosedError extends TransportError {
  static override readonly family: string = 'ChannelClosedError';

  constructor(message: string, options: CtqErrorOptions = {}) {
    super('CTQ_CHANNEL_CLOSED', message, { ...options, recoverable: true });
  }
}

/** A queue or exchange exists with other properties than the declared ones (AMQP 406, Kombu NotEquivalentError). */
export class TopologyMismatchError extends TransportError {
  static override readonly family: string = 'TopologyMismatchError';

  constructor(message: string, options: CtqErrorOptions = {}) {
    super('CTQ_TOPOLOGY_MISMATCH', message, { ...options, recoverable: false });
  }
}

/** A passive declaration of what does not exist (AMQP 404). */
export class TopologyNotFoundError extends TransportError {
  static override readonly family: string = 'TopologyNotFoundError';

  constructor(message: string, options: CtqErrorOptions = {}) {
    super('CTQ_TOPOLOGY_NOT_FOUND', message, { ...options, recoverable: false });
  }
}

/** A mandatory message that no queue took. */
export class UnroutableError extends TransportError {
  static override readonly family: string = 'UnroutableError';

  constructor(message: string, options: CtqErrorOptions = {}) {
    super('CTQ_UNROUTABLE', message, { ...options, recoverable: false });
  }
}

/** The transport says in `supports` that it cannot do this. */
export class NotSupportedError extends MessagingError {
  static override readonly family: string = 'NotSupportedError';

  constructor(message: string, options: CtqErrorOptions = {}) {
    super('CTQ_NOT_SUPPORTED', message, options);
  }
}

/** A delivery was settled a second time. */
export class MessageStateError extends MessagingError {
  static override readonly family: string = 'MessageStateError';

  constructor(message: string, options: CtqErrorOptions = {}) {
    super('CTQ_MESSAGE_STATE', message, options);
  }
}

/** Base of what goes wrong between values and bytes. */
export class SerializationError extends MessagingError {
  static override readonly family: string = 'SerializationError';
}

/** A value that the serializer cannot hold. Stored in results as `kombu.exceptions.EncodeError`. */
export class EncodeError extends SerializationError {
  static override readonly family: string = 'EncodeError';

  constructor(message: string, options: CtqErrorOptions = {}) {
    super('CTQ_ENCODE', message, options);
  }
}

/** Bytes that are not what their content type says. */
export class DecodeError extends SerializationError {
  static override readonly family: string = 'DecodeError';

  constructor(message: string, options: CtqErrorOptions & { readonly code?: string } = {}) {
    super(options.code ?? 'CTQ_DECODE', message, options);
  }
}

/** A content type outside the allow-list: not decoded at all (Kombu ContentDisallowed). */
export class ContentNotAcceptedError extends DecodeError {
  static override readonly family: string = 'ContentNotAcceptedError';

  constructor(message: string, options: CtqErrorOptions = {}) {
    super(message, { ...options, code: 'CTQ_CONTENT_NOT_ACCEPTED' });
  }
}

/** A body that is larger, or grows more when decompressed, than the limits allow. */
export class BodyTooLargeError extends DecodeError {
  static override readonly family: string = 'BodyTooLargeError';

  constructor(message: string, options: CtqErrorOptions = {}) {
    super(message, { ...options, code: 'CTQ_BODY_TOO_LARGE' });
  }
}
