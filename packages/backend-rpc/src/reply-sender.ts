import { type BackendBroker, BackendConnectionError, BackendStoreError } from '@ctq/core/backend';
import { type Connection, type Message, type PublishRetryPolicy, TransportError } from '@ctq/messaging';
import { toError } from '@ctq/runtime';

/** A message and the address to which it goes. */
export interface OutgoingReply {
  readonly message: Message;
  readonly replyTo: string;
}

/**
 * Sends outcomes to where somebody waits for them, over a connection that the first one opens. Whether anybody does is not asked: the queue belongs to the caller, is never
 * declared here, and one that has gone takes nothing.
 */
export class ReplySender {
  readonly #broker: BackendBroker;
  readonly #retry: PublishRetryPolicy;
  #opening: Promise<Connection> | undefined;
  #isClosed = false;

  constructor(broker: BackendBroker, retry: PublishRetryPolicy) {
    this.#broker = broker;
    this.#retry = retry;
  }

  /**
   * Resolves when the broker has all of them; they travel together.
   * @throws BackendConnectionError, BackendStoreError; some may have been sent then, and be sent twice.
   */
  async send(replies: readonly OutgoingReply[]): Promise<void> {
    const { producer } = await this.#open();
    const sent = await Promise.allSettled(
      replies.map(({ message, replyTo }) =>
        producer.publish(message, { exchange: '', routingKey: replyTo }, { retry: this.#retry }),
      ),
    );
    const failed = sent.filter((one) => one.status === 'rejected');
    const [first] = failed;
    if (first !== undefined) throw storeError(first.reason, failed.length, replies.length);
  }

  /** Idempotent. What is under way is awaited for a moment. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const connection = await this.#opening?.catch(() => undefined);
    await connection?.close();
  }

  #open(): Promise<Connection> {
    if (this.#isClosed)
      return Promise.reject(new BackendConnectionError('The result backend is closed.', { recoverable: false }));
    if (this.#opening !== undefined) return this.#opening;
    const opening = this.#broker.connect('publish');
    this.#opening = opening;
    opening.catch(() => {
      if (this.#opening === opening) this.#opening = undefined;
    });
    return opening;
  }
}

function storeError(thrown: unknown, failed: number, all: number): Error {
  const cause = toError(thrown);
  // Anything else is a mistake and no state of the broker.
  if (!TransportError.isInstance(cause)) return cause;
  const { recoverable } = cause;
  return new BackendStoreError(`${failed} of ${all} results could not be sent: ${cause.message}`, {
    cause,
    recoverable,
  });
}
