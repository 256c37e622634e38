import { type Deferred, deferred } from '@ctq/runtime';
import { abortable } from '../connection/abortable.js';
import type { Connection } from '../connection/connection.js';
import type { Consumer } from '../connection/consumer.js';
import type { Queue } from '../entities/queue.js';
import { ChannelClosedError } from '../errors.js';
import type { Message } from '../message/message.js';

export interface ReplyListenerOptions {
  readonly queue: Queue;
  /** Makes the connection over which replies come. */
  readonly connect: () => Promise<Connection>;
  readonly onReply: (message: Message) => void;
}

interface Opened {
  readonly connection: Connection;
  readonly consumer: Consumer;
}

/** Listens for replies, over a connection of its own, from the first request that wants some until it is closed. */
export class ReplyListener {
  readonly #options: ReplyListenerOptions;
  readonly #closing = new AbortController();
  #opening: Promise<Opened> | undefined;
  /** Resolves when replies are consumed. Another one while the connection is lost. */
  #listening: Deferred<void> = deferred();
  #lastError: Error | undefined;
  #closed: Promise<void> | undefined;

  constructor(options: ReplyListenerOptions) {
    this.#options = options;
  }

  /** What kept it from listening last. */
  get lastError(): Error | undefined {
    return this.#lastError;
  }

  /** Resolves when replies are consumed, so that a request may be sent. @throws TransportConnectionError when nobody tries to connect any more. */
  async listen(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#closing.signal.throwIfAborted();
    this.#opening ??= this.#open().catch((error: unknown) => {
      this.#opening = undefined;
      throw error;
    });
    const { connection } = await abortable(this.#opening, signal);
    // Nobody is trying: who asks begins it again.
    if (connection.state === 'failed') await connection.connect(signal);
    await abortable(this.#listening.promise, signal);
  }

  /** Idempotent. The queue of the replies goes with it. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #open(): Promise<Opened> {
    const { queue, connect, onReply } = this.#options;
    const connection = await connect();
    connection.onStateChange(({ error }) => {
      if (error !== undefined) this.#lastError = error;
    });
    const consumer = connection.consume({
      queues: [queue],
      noAck: true,
      onDelivery: ({ message }) => onReply(message),
      onInterrupted: () => {
        this.#listening = deferred();
      },
      onResumed: () => this.#listening.resolve(),
    });
    try {
      await consumer.start(this.#closing.signal);
    } catch (error) {
      await connection.close();
      throw error;
    }
    this.#listening.resolve();
    return { connection, consumer };
  }

  async #close(): Promise<void> {
    this.#closing.abort(new ChannelClosedError('The mailbox is closed.'));
    const opened = await this.#opening?.catch(() => undefined);
    await opened?.consumer.close();
    await opened?.connection.close();
  }
}
