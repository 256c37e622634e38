import { randomUUID } from 'node:crypto';
import { type Clock, type Logger, toError } from '@ctq/runtime';
import type { Connection } from '../connection/connection.js';
import { defaultPublishRetryPolicy, type PublishRetryPolicy } from '../connection/producer.js';
import { ChannelClosedError, NotSupportedError, TransportConnectionError } from '../errors.js';
import type { Message } from '../message/message.js';
import type { ContentCodec } from '../serialization/content.js';
import type { LamportClock } from './lamport-clock.js';
import type { MailboxLayout } from './mailbox-layout.js';
import { decodeReply, encodeRequest, type NodeReply } from './mailbox-message.js';
import { checkTarget, type MailboxTarget } from './mailbox-target.js';
import { type CollectOptions, ReplyCollector } from './reply-collector.js';
import { ReplyListener } from './reply-listener.js';
import { longestMs } from './reply-wait.js';

/** Kombu's timeout for requests that nobody waits for; it is in their headers and nowhere else. */
const castExpiresMs = 1_000;

/** How long a request may take to be on its way, connecting included. */
const defaultSendTimeoutMs = 10_000;

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
  /** How long the request may take to be on its way, connecting included, in milliseconds. Default 10,000. */
  readonly sendTimeoutMs?: number | undefined;
  /** The store of the app says the same, so that nodes that have it need not listen to it. Default false. */
  readonly isStored?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface MailboxAskOptions extends CastOptions, CollectOptions {}

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
  readonly #listener: ReplyListener;
  #closed: Promise<void> | undefined;

  constructor(options: MailboxOptions) {
    this.#options = options;
    this.#listener = new ReplyListener({
      queue: options.layout.replyQueue(this.#id),
      connect: options.connect,
      onReply: (message) => this.#onReply(message),
    });
  }

  /**
   * Resolves when the broker has the request; nobody answers.
   * @throws TransportConnectionError when it cannot be sent in time, NotSupportedError for a broker that sends nothing to all, the signal's reason.
   */
  async cast(method: string, args: Readonly<Record<string, unknown>>, options: CastOptions = {}): Promise<void> {
    const { content, serializer, logicalClock, clock } = this.#options;
    const target = checkTarget(options);
    const { isStored = false } = options;
    const request = { ...target, method, arguments: args, replyTo: undefined, ticket: undefined, isStored };
    await this.#inTime(options, async (signal) => {
      const labels = { clock: logicalClock.forward(), expiresAt: clock.now() + castExpiresMs };
      await this.#publish(encodeRequest(content, request, { serializer, ...labels }), signal);
    });
  }

  /**
   * Resolves with the replies, in the order in which they came: when there are as many as the limit (by default as destinations), or the timeout is over. It is no error that
   * nobody answers. A connection that is lost meanwhile does not end it.
   * @throws as `cast`, and what `onReply` throws.
   */
  async ask(
    method: string,
    args: Readonly<Record<string, unknown>>,
    options: MailboxAskOptions,
  ): Promise<readonly NodeReply[]> {
    const { layout, content, serializer, logicalClock, clock } = this.#options;
    const target = checkTarget(withNamedNodes(options));
    const ticket = randomUUID();
    const replyTo = { exchange: layout.replyExchange.name, routingKey: this.#id };
    const { isStored = false } = options;
    const request = { ...target, method, arguments: args, replyTo, ticket, isStored };
    const collector = new ReplyCollector(clock, { ...options, limit: options.limit ?? limitOf(target, options) });
    this.#collectors.set(ticket, collector);
    try {
      await this.#inTime(options, async (signal) => {
        await this.#listener.listen(signal);
        const labels = { clock: logicalClock.forward(), expiresAt: clock.now() + longestMs(options.timeoutMs) };
        await this.#publish(encodeRequest(content, request, { serializer, ...labels }), signal);
      });
      collector.begin();
      return await collector.replies;
    } finally {
      collector.fail(undefined);
      this.#collectors.delete(ticket);
    }
  }

  /** Idempotent. Who waits for replies is told. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  /** Does what has to be done before a request is on its way, until its time is over, it is called off or the mailbox is closed. */
  async #inTime(
    { sendTimeoutMs = defaultSendTimeoutMs, signal }: CastOptions,
    work: (signal: AbortSignal) => Promise<void>,
  ): Promise<void> {
    const late = new AbortController();
    const timer = this.#options.clock.setTimer(() => late.abort(this.#lateError(sendTimeoutMs)), sendTimeoutMs);
    const ends = [late.signal, this.#closing.signal, ...(signal === undefined ? [] : [signal])];
    try {
      const either = AbortSignal.any(ends);
      either.throwIfAborted();
      await work(either);
    } finally {
      timer.cancel();
    }
  }

  #lateError(afterMs: number): Error {
    const { lastError: cause } = this.#listener;
    const reason = cause === undefined ? '' : `: ${cause.message}`;
    return new TransportConnectionError(`A control message could not be sent within ${afterMs} ms${reason}`, {
      recoverable: true,
      ...(cause === undefined ? {} : { cause }),
    });
  }

  async #publish(message: Message, signal: AbortSignal): Promise<void> {
    const { layout, publishing, retry = defaultPublishRetryPolicy } = this.#options;
    const { producer, transport } = await publishing();
    signal.throwIfAborted();
    if (!transport.supports.exchangeTypes.includes('fanout'))
      throw new NotSupportedError(
        `Remote control needs a broker that has fanout exchanges: ${transport.name} has none.`,
      );
    const route = { exchange: layout.exchange.name, routingKey: '' };
    await producer.publish(message, route, { declare: [layout.exchange], retry, signal });
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
    await this.#listener.close();
  }
}

/** Who is given a time of its own is meant. */
function withNamedNodes<Options extends MailboxAskOptions>(options: Options): Options {
  const { destination = [], timeoutMs } = options;
  if (typeof timeoutMs === 'number' || destination.length > 0) return options;
  return { ...options, destination: [...timeoutMs.keys()] };
}

/** Where each has its own time, that is what says when all have answered. */
function limitOf({ destination = [] }: MailboxTarget, { timeoutMs }: CollectOptions): number | undefined {
  return typeof timeoutMs === 'number' && destination.length > 0 ? destination.length : undefined;
}
