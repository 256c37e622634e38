import { type Logger, toError } from '@ctq/runtime';
import type { Connection } from '../connection/connection.js';
import type { Consumer } from '../connection/consumer.js';
import { defaultPublishRetryPolicy, type PublishRetryPolicy } from '../connection/producer.js';
import { exchange } from '../entities/exchange.js';
import { ChannelClosedError, TopologyMismatchError, UnroutableError } from '../errors.js';
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
  /** Beside `glob` and `pcre`. */
  readonly matchers?: NodeMatchers;
  /** Requests that it takes no notice of, although they are for it. */
  readonly passesOver?: (request: MailboxRequest) => boolean;
  readonly retry?: PublishRetryPolicy | false;
}

/** Listens to the requests of a mailbox under a name, and answers them (kombu 5.6 pidbox.py, Node). Whatever a message says, it goes on. */
export class MailboxNode {
  readonly #options: MailboxNodeOptions;
  readonly #underWay = new Set<Promise<void>>();
  #consumer: Consumer | undefined;
  #closed: Promise<void> | undefined;

  constructor(options: MailboxNodeOptions) {
    this.#options = options;
  }

  /**
   * Resolves when it listens; it goes on after a lost connection. Over a broker that sends nothing to all it only says that it cannot.
   * @throws ChannelClosedError after `close`, TopologyMismatchError where queues are exclusive and another node has the name.
   */
  async start(signal?: AbortSignal): Promise<void> {
    const { layout, name, connection, logger } = this.#options;
    if (this.#closed !== undefined) throw new ChannelClosedError('The node was closed.');
    const over = connection();
    if (!over.transport.supports.exchangeTypes.includes('fanout')) {
      logger.warn({ node: name }, `There is no remote control over ${over.transport.name}: it has no fanout exchanges`);
      return;
    }
    // Told once: when it listens again, the broker may not have noticed yet that its connection was lost.
    let isTold = false;
    const onUsed = (): void => {
      if (!isTold) logger.warn({ node: name }, takenName(name));
    };
    const consumer = over.consume({
      queues: [layout.nodeQueue(name, onUsed)],
      noAck: true,
      onDelivery: ({ message }) => this.#onMessage(message),
    });
    this.#consumer = consumer;
    try {
      await consumer.start(signal);
      isTold = true;
    } catch (error) {
      await consumer.close();
      const isTaken = TopologyMismatchError.isInstance(error) && error.message.includes('RESOURCE_LOCKED');
      throw isTaken ? new TopologyMismatchError(takenName(name), { cause: error }) : error;
    }
  }

  /** Idempotent. Hears nothing more; resolves when what it was asked before is answered. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  #onMessage(message: Message): void {
    const { content, logicalClock, logger, passesOver } = this.#options;
    logicalClock.adjust(message.headers['clock']);
    logicalClock.forward();
    let request: MailboxRequest;
    try {
      request = decodeRequest(content, message);
      if (!this.#isMeant(request) || passesOver?.(request) === true) return;
    } catch (error) {
      logger.fatal({ err: toError(error) }, 'Cannot decode a control message; it is dropped');
      return;
    }
    const { method, replyTo } = request;
    logger.debug({ method, arguments: request.arguments, replyTo }, `Received the control message ${method}`);
    const answered = this.#answer(request).finally(() => this.#underWay.delete(answered));
    this.#underWay.add(answered);
  }

  async #close(): Promise<void> {
    await this.#consumer?.close();
    await Promise.all(this.#underWay);
  }

  #isMeant({ destination = [], pattern, matcher }: MailboxRequest): boolean {
    const { name, matchers } = this.#options;
    if (destination.length > 0) return destination.includes(name);
    if (pattern === undefined || matcher === undefined || pattern === '' || matcher === '') return true;
    return matchesNode(name, pattern, matcher, { ...nodeMatchers, ...matchers });
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
      if (UnroutableError.isInstance(error))
        logger.debug({ method }, `Nobody waits for the reply to ${method} any more`);
      else
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
    const { producer, transport } = await publishing();
    const declared = exchange(replyTo.exchange, { type: 'direct', durable: false, deliveryMode: 1 });
    const mandatory = transport.supports.mandatory !== 'none';
    await producer.publish(message, replyTo, { declare: [declared], retry, mandatory });
  }
}

/** kombu 5.6 pidbox.py, W_PIDBOX_IN_USE. */
function takenName(name: string): string {
  return `A node named ${name} is already using this process mailbox! Perhaps it was not shut down, or a worker on this host has the same name: give each a node name of its own.`;
}
