import { randomUUID } from 'node:crypto';
import { ChannelClosedError, type Connection, type Message } from '@ctq/messaging';
import { type Duration, durationMs, toError } from '@ctq/runtime';
import type { Ctq } from '../app/ctq.js';
import { type EventHandler, EventHandlers } from './event-handlers.js';
import { EventInbox } from './event-inbox.js';
import { eventQueue, type EventQueueOptions } from './event-queue.js';
import type { EventOf, KnownEventType, OtherEvent, ReceivedEvent } from './event-types.js';
import { OccasionalWarning } from './occasional-warning.js';
import { EventReader } from './event-reader.js';

export interface EventReceiverOptions extends EventQueueOptions {
  /** What the name of its queue ends with. Default: a new one. */
  readonly nodeId?: string;
  /** Whether workers are asked to tell of themselves when it begins to listen, so that nobody has to wait for their next heartbeat. Default true. */
  readonly wakeup?: boolean;
  /** Whether times are brought to this host's by the `utcoffset` of events. Default true. */
  readonly localize?: boolean;
  /** How many events wait for a loop over them, beyond which the oldest are lost. Default 10,000. */
  readonly buffer?: number;
}

/** What ends it. Without anything it ends with the receiver. */
export interface CaptureOptions {
  /** So many events. */
  readonly limit?: number;
  /** Nothing has come for so long. */
  readonly timeout?: Duration;
  readonly signal?: AbortSignal;
}

const defaultBuffer = 10_000;

/**
 * Hears of what workers and clients do, as long as it listens: nothing is kept for who does not (celery 5.6 events/receiver.py, EventReceiver). It begins to listen with the first loop
 * or capture, or with `start`, and goes on, across reconnects, until it is closed.
 *
 * ```ts
 * await using receiver = new EventReceiver(app);
 * for await (const event of receiver) console.log(event.type);
 * ```
 */
export class EventReceiver implements AsyncDisposable, AsyncIterable<ReceivedEvent> {
  readonly #app: Ctq;
  readonly #options: EventReceiverOptions;
  readonly #id: string;
  readonly #handlers: EventHandlers;
  readonly #inboxes = new Set<EventInbox<ReceivedEvent>>();
  readonly #closing = new AbortController();
  readonly #wakeups = new Set<Promise<void>>();
  readonly #unreadable: OccasionalWarning;
  readonly #lost: OccasionalWarning;
  #count = 0;
  #started: Promise<void> | undefined;
  #connection: Connection | undefined;
  #closed: Promise<void> | undefined;

  constructor(app: Ctq, options: EventReceiverOptions = {}) {
    const { clock, logger } = app.kernel;
    this.#app = app;
    this.#options = options;
    this.#id = options.nodeId ?? randomUUID();
    this.#handlers = new EventHandlers(logger);
    this.#unreadable = new OccasionalWarning(logger, clock, (count) => `${count} of what came were no events; dropped`);
    this.#lost = new OccasionalWarning(logger, clock, (count) => `${count} events were not read in time; dropped`);
  }

  /** What was received and is no event. */
  get unreadableCount(): number {
    return this.#unreadable.count;
  }

  /** Events that loops were too slow for. */
  get lostCount(): number {
    return this.#lost.count;
  }

  /**
   * Gives events of a type to a handler as they come; `*` is for types that have none. Returns the function that ends it.
   */
  on(type: '*', handler: EventHandler<ReceivedEvent>): () => void;
  on<Type extends KnownEventType>(type: Type, handler: EventHandler<EventOf<Type>>): () => void;
  on(type: string, handler: EventHandler<OtherEvent>): () => void;
  on(type: string, handler: EventHandler<never>): () => void {
    return this.#handlers.add(type, handler);
  }

  /** Resolves when it listens. Idempotent. @throws ConfigurationError for settings that cannot be together, TransportError where the broker refuses. */
  async start(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    this.#closing.signal.throwIfAborted();
    this.#started ??= this.#start().catch((error: unknown) => {
      this.#started = undefined;
      throw error;
    });
    if (signal === undefined) return await this.#started;
    const aborted = new AbortController();
    const ended = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(toError(signal.reason)), { once: true, signal: aborted.signal });
    });
    try {
      await Promise.race([this.#started, ended]);
    } finally {
      aborted.abort();
    }
  }

  /** Events are given to their handlers until it ends. Resolves with how many there were. @throws as `start`. */
  async capture({ limit = Number.POSITIVE_INFINITY, ...options }: CaptureOptions = {}): Promise<number> {
    const before = this.#count;
    using opened = this.#open(options, { capacity: 1, onLost: () => undefined });
    if (!(await this.#startFor(options.signal))) return 0;
    while (this.#count - before < limit && options.signal?.aborted !== true) {
      if ((await opened.inbox.next()) === undefined) break;
    }
    return Math.min(limit, this.#count - before);
  }

  /** Events, one after the other, until it ends; loops at the same time are each given all. @throws as `start`. */
  async *events({
    limit = Number.POSITIVE_INFINITY,
    ...options
  }: CaptureOptions = {}): AsyncGenerator<ReceivedEvent, void, undefined> {
    const capacity = this.#options.buffer ?? defaultBuffer;
    using opened = this.#open(options, { capacity, onLost: () => this.#lost.note(1) });
    if (!(await this.#startFor(options.signal))) return;
    for (let count = 0; count < limit; count += 1) {
      const event = await opened.inbox.next();
      if (event === undefined || options.signal?.aborted === true) return;
      yield event;
    }
  }

  [Symbol.asyncIterator](): AsyncGenerator<ReceivedEvent, void, undefined> {
    return this.events();
  }

  /** Asks workers to tell of themselves. Never rejects. */
  async wakeUp(): Promise<void> {
    const { control, kernel } = this.#app;
    try {
      await control.broadcast('heartbeat', {}, { signal: this.#closing.signal });
    } catch (error) {
      if (!this.#closing.signal.aborted)
        kernel.logger.warn({ err: toError(error) }, 'Workers could not be asked to tell of themselves');
    }
  }

  /** Idempotent. Loops and captures end. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #start(): Promise<void> {
    const { kernel } = this.#app;
    const { settings, eventContent: content, logicalClock, clock } = kernel;
    const reader = new EventReader({
      ...{ content, logicalClock, clock },
      localize: this.#options.localize ?? true,
    });
    const connection = await this.#app.connect('consume');
    try {
      const consumer = connection.consume({
        queues: [eventQueue(this.#id, settings, connection.transport.name, this.#options)],
        noAck: true,
        onDelivery: ({ message }) => this.#onMessage(reader, message),
        onResumed: () => this.#askForHeartbeats(),
      });
      await consumer.start(this.#closing.signal);
    } catch (error) {
      await connection.close();
      throw error;
    }
    this.#connection = connection;
    kernel.logger.debug({ id: this.#id }, 'Listening to events');
    this.#askForHeartbeats();
  }

  /** Whether it listens: not where it was told before to end. */
  async #startFor(signal: AbortSignal | undefined): Promise<boolean> {
    try {
      await this.start(signal);
      return true;
    } catch (error) {
      if (signal?.aborted === true || this.#closing.signal.aborted) return false;
      throw error;
    }
  }

  #onMessage(reader: EventReader, message: Message): void {
    try {
      const { events, unreadable } = reader.read(message);
      if (unreadable > 0) this.#unreadable.note(unreadable);
      for (const event of events) this.#give(event);
    } catch (error) {
      this.#unreadable.note(1, { err: toError(error) });
    }
  }

  #give(event: ReceivedEvent): void {
    this.#count += 1;
    this.#handlers.give(event);
    for (const inbox of this.#inboxes) inbox.put(event);
  }

  #open(
    { timeout, signal }: CaptureOptions,
    more: { readonly capacity: number; readonly onLost: () => void },
  ): Disposable & { readonly inbox: EventInbox<ReceivedEvent> } {
    const timeoutMs = timeout === undefined ? Number.POSITIVE_INFINITY : durationMs(timeout);
    const inbox = new EventInbox<ReceivedEvent>({ ...more, clock: this.#app.kernel.clock, timeoutMs });
    const close = (): void => inbox.close();
    this.#inboxes.add(inbox);
    signal?.addEventListener('abort', close, { once: true });
    return {
      inbox,
      [Symbol.dispose]: () => {
        this.#inboxes.delete(inbox);
        signal?.removeEventListener('abort', close);
      },
    };
  }

  #askForHeartbeats(): void {
    if (this.#options.wakeup === false) return;
    const asked = this.wakeUp().finally(() => this.#wakeups.delete(asked));
    this.#wakeups.add(asked);
  }

  async #close(): Promise<void> {
    this.#closing.abort(new ChannelClosedError('The event receiver is closed.'));
    await this.#started?.catch(() => undefined);
    await this.#connection?.close();
    for (const inbox of this.#inboxes) inbox.close();
    await Promise.all(this.#wakeups);
  }
}
