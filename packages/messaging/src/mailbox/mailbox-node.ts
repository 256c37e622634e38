import { type Logger, toError } from '@ctq/runtime';
import type { Connection } from '../connection/connection.js';
import type { Consumer } from '../connection/consumer.js';
import { defaultPublishRetryPolicy, type PublishRetryPolicy } from '../connection/producer.js';
import { exchange } from '../entities/exchange.js';
import type { Message } from '../message/message.js';
import type { ContentCodec } from '../serialization/content.js';
import type { LamportClock } from './lamport-clock.js';
import type { MailboxLayout } from './mailbox-layout.js';
import { decodeRequest, encodeReply, type MailboxRequest, type ReplyAddress } from './mailbox-message.js';
import { matchesNode, nodeMatchers, type NodeMatchers } from './node-match.js';

/** What a handler gives that does not answer at all. */
export const noReply: unique symbol = Symbol('no reply');

export interface MailboxNodeOptions {
  /** Its name: nodes are distinct by it. */
  readonly name: string;
  readonly layout: MailboxLayout;
  readonly content: ContentCodec;
  readonly serializer: string;
  readonly logicalClock: LamportClock;
  readonly logger: Logger;
  /** Over which requests come. */
  readonly connection: () => Connection;
  /** Over which replies go. */
  readonly publishing: () => Promise<Connection>;
  /**
   * Does what is asked for, and gives the reply. Requests are begun in their order; one whose answer is a promise does not keep the next one from being begun. What is
   * thrown is the reply `{ error: … }`.
   */
  readonly handle: (method: string, args: Readonly<Record<string, unknown>>) => unknown;
  /** How an error stands in a reply. */
  readonly describeError: (error: Error) => string;
  readonly matchers?: NodeMatchers;
  readonly retry?: PublishRetryPolicy | false;
}

/** Listens to the requests of a mailbox under a name, and answers them (kombu 5.6 pidbox.py, Node). Whatever a message says, it goes on. */
export class MailboxNode {
  readonly #options: MailboxNodeOptions;
  readonly #underWay = new Set<Promise<void>>();
  #consumer: Consumer | undefined;

  constructor(options: MailboxNodeOptions) {
    this.#options = options;
  }

  /** Resolves when it listens. */
  async start(signal?: AbortSignal): Promise<void> {
    const { layout, name, connection, logger } = this.#options;
    const onUsed = (): void =>
      logger.warn(
        { node: name },
        `A node named ${name} is already using this process mailbox! Perhaps it was not shut down, or a worker on this host has the same name: give each a node name of its own.`,
      );
    const consumer = connection().consume({
      queues: [layout.nodeQueue(name, onUsed)],
      noAck: true,
      onDelivery: ({ message }) => this.#onMessage(message),
    });
    this.#consumer = consumer;
    try {
      await consumer.start(signal);
    } catch (error) {
      await consumer.close();
      throw error;
    }
  }

  /** Idempotent. Hears nothing more; resolves when what it was asked before is answered. */
  async close(): Promise<void> {
    await this.#consumer?.close();
    await Promise.all(this.#underWay);
  }

  #onMessage(message: Message): void {
    const { content, logicalClock, logger } = this.#options;
    logicalClock.adjust(message.headers['clock']);
    logicalClock.forward();
    let request: MailboxRequest;
    try {
      request = decodeRequest(content, message);
      if (!this.#isMeant(request)) return;
    } catch (error) {
      logger.fatal({ err: toError(error) }, 'Cannot decode a control message; it is dropped');
      return;
    }
    const { method, replyTo } = request;
    logger.debug({ method, arguments: request.arguments, replyTo }, `Received the control message ${method}`);
    const answered = this.#answer(request).finally(() => this.#underWay.delete(answered));
    this.#underWay.add(answered);
  }

  #isMeant({ destination = [], pattern, matcher }: MailboxRequest): boolean {
    const { name, matchers = nodeMatchers } = this.#options;
    if (destination.length > 0) return destination.includes(name);
    if (pattern === undefined || matcher === undefined || pattern === '' || matcher === '') return true;
    return matchesNode(name, pattern, matcher, matchers);
  }

  /** Never rejects. */
  async #answer({ method, arguments: args, replyTo, ticket }: MailboxRequest): Promise<void> {
    const { handle, describeError, logger } = this.#options;
    let value: unknown;
    try {
      value = await handle(method, args);
    } catch (thrown) {
      const error = toError(thrown);
      logger.error({ err: error, method }, `The control command ${method} failed`);
      value = { error: describeError(error) };
    }
    if (replyTo === undefined || value === noReply) return;
    try {
      await this.#send(this.#encoded(method, value, ticket), replyTo);
    } catch (error) {
      logger.error({ err: toError(error), method }, `The reply to the control command ${method} could not be sent`);
    }
  }

  #encoded(method: string, value: unknown, ticket: string | undefined): Message {
    const { name: node, content, serializer, logicalClock, describeError, logger } = this.#options;
    const labels = { ticket, clock: logicalClock.forward(), serializer };
    try {
      return encodeReply(content, { node, value: value ?? null }, labels);
    } catch (thrown) {
      const error = toError(thrown);
      logger.error({ err: error, method }, `The reply to the control command ${method} cannot be encoded`);
      return encodeReply(content, { node, value: { error: describeError(error) } }, labels);
    }
  }

  async #send(message: Message, replyTo: ReplyAddress): Promise<void> {
    const { publishing, retry = defaultPublishRetryPolicy } = this.#options;
    const { producer } = await publishing();
    const declared = exchange(replyTo.exchange, { type: 'direct', durable: false, deliveryMode: 1 });
    await producer.publish(message, replyTo, { declare: [declared], retry });
  }
}
