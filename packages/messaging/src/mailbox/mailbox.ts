import { randomUUID } from 'node:crypto';
import { type Clock, type Logger, toError } from '@ctq/runtime';
import type { Connection } from '../connection/connection.js';
import type { Consumer } from '../connection/consumer.js';
import { defaultPublishRetryPolicy, type PublishRetryPolicy } from '../connection/producer.js';
import { ChannelClosedError } from '../errors.js';
import type { Message } from '../message/message.js';
import type { ContentCodec } from '../serialization/content.js';
import type { LamportClock } from './lamport-clock.js';
import type { MailboxLayout } from './mailbox-layout.js';
import { decodeReply, encodeRequest, type MailboxTarget, type NodeReply } from './mailbox-message.js';
import { type CollectOptions, ReplyCollector } from './reply-collector.js';

export interface MailboxOptions {
  readonly layout: MailboxLayout;
  readonly content: ContentCodec;
  readonly serializer: string;
  readonly logicalClock: LamportClock;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Over which requests are sent; it stays the caller's. */
  readonly publishing: () => Promise<Connection>;
  /** Makes the one over which replies come. */
  readonly connect: () => Promise<Connection>;
  readonly retry?: PublishRetryPolicy | false;
}

export interface CastOptions extends MailboxTarget {
  readonly signal?: AbortSignal | undefined;
}

export interface AskOptions extends MailboxTarget, CollectOptions {}

/** Replies that are consumed over one connection, from the first request that wants some until the mailbox is closed. */
interface Listening {
  readonly connection: Connection;
  readonly consumer: Consumer;
}

/**
 * Sends requests to nodes that listen, to all of them or to some, and gathers their replies (kombu 5.6 pidbox.py, Mailbox). Nothing is kept: who does not listen at the time
 * does not hear of a request.
 */
export class Mailbox {
  readonly #options: MailboxOptions;
  /** Under which replies come back. */
  readonly #id = randomUUID();
  readonly #collectors = new Map<string, ReplyCollector>();
  readonly #closing = new AbortController();
  #listening: Promise<Listening> | undefined;
  #closed: Promise<void> | undefined;

  constructor(options: MailboxOptions) {
    this.#options = options;
  }

  /** Resolves when the broker has the request; nobody answers. */
  async cast(method: string, args: Readonly<Record<string, unknown>>, options: CastOptions = {}): Promise<void> {
    const { content, serializer, logicalClock } = this.#options;
    const request = { ...options, method, arguments: args, replyTo: undefined, ticket: undefined };
    await this.#publish(
      encodeRequest(content, request, { serializer, clock: logicalClock.forward(), expiresAt: undefined }),
      options.signal,
    );
  }

  /**
   * Resolves with the replies, in the order in which they came: when there are as many as the limit (by default as destinations), or nothing has come for the timeout. It is
   * no error that nobody answers.
   * @throws TransportConnectionError when the request cannot be sent, the signal's reason, what `onReply` throws.
   */
  async ask(
    method: string,
    args: Readonly<Record<string, unknown>>,
    options: AskOptions,
  ): Promise<readonly NodeReply[]> {
    const { layout, content, serializer, logicalClock, clock } = this.#options;
    const { destination = [], limit, timeoutMs, signal } = options;
    const ticket = randomUUID();
    const collector = new ReplyCollector(clock, {
      ...options,
      limit: limit ?? (destination.length === 0 ? undefined : destination.length),
    });
    this.#collectors.set(ticket, collector);
    try {
      const replyTo = { exchange: layout.replyExchange.name, routingKey: this.#id };
      await this.#listen(signal);
      const message = encodeRequest(
        content,
        { ...options, method, arguments: args, replyTo, ticket },
        { serializer, clock: logicalClock.forward(), expiresAt: clock.now() + timeoutMs },
      );
      await this.#publish(message, signal);
      collector.begin();
      return await collector.replies;
    } finally {
      this.#collectors.delete(ticket);
    }
  }

  /** Idempotent. Who waits for replies is told. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #publish(message: Message, signal: AbortSignal | undefined): Promise<void> {
    const { layout, publishing, retry = defaultPublishRetryPolicy } = this.#options;
    this.#closing.signal.throwIfAborted();
    const { producer } = await publishing();
    const route = { exchange: layout.exchange.name, routingKey: '' };
    await producer.publish(message, route, {
      declare: [layout.exchange],
      retry,
      ...(signal === undefined ? {} : { signal }),
    });
  }

  /** Resolves when replies are consumed: before a request is sent that is to be answered. */
  async #listen(signal: AbortSignal = new AbortController().signal): Promise<void> {
    signal.throwIfAborted();
    this.#closing.signal.throwIfAborted();
    this.#listening ??= this.#startListening().catch((error: unknown) => {
      this.#listening = undefined;
      throw error;
    });
    const aborted = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(toError(signal.reason)), { once: true });
    });
    await Promise.race([this.#listening, aborted]);
  }

  async #startListening(): Promise<Listening> {
    const { layout, connect } = this.#options;
    const connection = await connect();
    const consumer = connection.consume({
      queues: [layout.replyQueue(this.#id)],
      noAck: true,
      onDelivery: ({ message }) => this.#onReply(message),
    });
    try {
      await consumer.start(this.#closing.signal);
    } catch (error) {
      await connection.close();
      throw error;
    }
    return { connection, consumer };
  }

  #onReply(message: Message): void {
    const { content, logicalClock, logger } = this.#options;
    logicalClock.adjust(message.headers['clock']);
    const { ticket } = message.headers;
    const collector = typeof ticket === 'string' ? this.#collectors.get(ticket) : undefined;
    if (collector === undefined) {
      logger.debug({ ticket }, 'A reply came for which nobody waits any more');
      return;
    }
    try {
      for (const reply of decodeReply(content, message)) collector.add(reply);
    } catch (error) {
      logger.warn({ err: toError(error) }, 'A reply to a control message cannot be read; it is dropped');
    }
  }

  async #close(): Promise<void> {
    this.#closing.abort(new ChannelClosedError('The mailbox is closed.'));
    for (const collector of this.#collectors.values()) collector.fail(this.#closing.signal.reason);
    const listening = await this.#listening?.catch(() => undefined);
    await listening?.consumer.close();
    await listening?.connection.close();
  }
}
