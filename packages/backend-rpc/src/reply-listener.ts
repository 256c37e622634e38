import type { BackendBroker } from '@ctq/core/backend';
import type { Connection, Consumer, Message, Queue } from '@ctq/messaging';
import { type Logger, toError } from '@ctq/runtime';

export interface ReplyListenerOptions {
  readonly broker: BackendBroker;
  readonly queue: Queue;
  readonly logger: Logger;
  readonly onReply: (message: Message) => void;
}

/** Consumes the queue of replies of this process, from the first call whose result it wants until it is closed: one queue and one consumer, however many wait. */
export class ReplyListener {
  readonly #options: ReplyListenerOptions;
  readonly #closing = new AbortController();
  #connection: Connection | undefined;
  #consumer: Consumer | undefined;
  #starting: Promise<void> | undefined;
  #closed: Promise<void> | undefined;
  #failure: Error | undefined;

  constructor(options: ReplyListenerOptions) {
    this.#options = options;
  }

  /** The queue is there and consumed from. */
  get isListening(): boolean {
    return this.#consumer?.isConsuming ?? false;
  }

  /** Why nobody is trying to listen any more; undefined while somebody is, or need not. */
  get failure(): Error | undefined {
    return this.#connection?.state === 'failed' ? (this.#failure ?? givenUp()) : this.#failure;
  }

  /** Sees to it that it listens, without waiting for it. */
  listen(): void {
    if (this.isListening || this.#closing.signal.aborted) return;
    // Given up at some time: asking for the connection makes it try again.
    if (this.#consumer !== undefined && this.#connection?.state === 'failed') {
      this.#connection.connect(this.#closing.signal).then(
        () => (this.#failure = undefined),
        (error: unknown) => this.#fail(error),
      );
    }
    this.#starting ??= this.#start();
  }

  /** Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #start(): Promise<void> {
    const { broker, queue, onReply } = this.#options;
    const { signal } = this.#closing;
    try {
      const connection = await broker.connect('consume');
      this.#connection = connection;
      if (signal.aborted) return;
      const consumer = connection.consume({
        queues: [queue],
        noAck: true,
        onDelivery: ({ message }) => onReply(message),
      });
      this.#consumer = consumer;
      this.#failure = undefined;
      await consumer.start(signal);
    } catch (error) {
      if (signal.aborted) return;
      this.#fail(error);
      const connection = this.#connection;
      this.#connection = undefined;
      this.#consumer = undefined;
      // The next call begins anew.
      await connection?.close();
      this.#starting = undefined;
    }
  }

  #fail(thrown: unknown): void {
    if (this.#closing.signal.aborted) return;
    const error = toError(thrown);
    this.#failure = error;
    this.#options.logger.error(
      { err: error, queue: this.#options.queue.name },
      'Results cannot be received; the next call tries again',
    );
  }

  async #close(): Promise<void> {
    this.#closing.abort();
    await this.#starting;
    await this.#consumer?.close();
    await this.#connection?.close();
  }
}

function givenUp(): Error {
  return new Error('The connection to the broker is lost for good.');
}
