import { type Connection, type Exchange, TransportError } from '@ctq/messaging';
import { type Deadline, type Logger, toError } from '@ctq/runtime';
import type { Kernel } from '../app/kernel.js';
import { runOutsideOfTasks } from '../execute/current-task.js';
import { EventBacklog, type EventParcel, mostInParcel } from './event-backlog.js';
import { eventExchange, eventGroup, eventMessage, type WrittenEvent } from './event.js';
import type { EventFields } from './event-sender.js';
import type { EventTemplate, EventValue } from './event-template.js';
import { EventWriter } from './event-writer.js';

/** The most that waits while the broker is away. */
const mostWaiting = 10_000;
/** What is on its way at a time; the answers to all of it are awaited together. */
const mostParcelsUnderWay = 40;
/** After a failure nothing is tried for so long. */
const pauseMs = 1_000;
/** What a stop leaves to the last events. */
const farewellMs = 1_000;

export interface EventDispatcherOptions {
  readonly kernel: Kernel;
  /** Node name of the worker whose events these are. */
  readonly hostname: string;
  readonly logger: Logger;
  /** Makes a connection of its own, at the first event: events do not wait behind tasks, and tasks not behind events. */
  readonly connect: () => Promise<Connection>;
  /** Which events are sent: those whose type begins so. None is all of them. */
  readonly groups?: readonly string[];
  /** How many wait at most while the broker is away. Default 10,000. */
  readonly mostWaiting?: number;
}

/**
 * Sends the events of a worker, in their order and beside its work: nobody waits for them, and nothing fails because they cannot be sent (celery 5.6 events/dispatcher.py,
 * EventDispatcher). What happens in one turn of the event loop travels together. While the broker is away events wait, the oldest go when there are too many.
 */
export class EventDispatcher {
  readonly #options: EventDispatcherOptions;
  readonly #groups: Set<string>;
  readonly #backlog: EventBacklog;
  readonly #writer: EventWriter;
  readonly #closing = new AbortController();
  #connection: Promise<Connection> | undefined;
  /** One object for all publishes: by it a producer knows what is declared. */
  #exchange: Exchange | undefined;
  #isScheduled = false;
  #flushing: Promise<void> | undefined;
  #isPausing = false;
  #hasToldRefusal = false;
  #closed: Promise<void> | undefined;
  #sendsTasks: boolean;

  constructor(options: EventDispatcherOptions) {
    this.#options = options;
    this.#groups = new Set(options.groups);
    this.#writer = new EventWriter(options.kernel, options.hostname);
    this.#backlog = new EventBacklog(options.mostWaiting ?? mostWaiting);
    this.#sendsTasks = this.sends('task');
  }

  /** Whether events of tasks are sent: all that is asked for each task while they are not. */
  get sendsTasks(): boolean {
    return this.#sendsTasks;
  }

  /** The groups that are sent; none is all. */
  get groups(): readonly string[] {
    return [...this.#groups];
  }

  /** The broker cannot be reached just now, and events wait for it. */
  get isHeldUp(): boolean {
    return this.#isPausing;
  }

  sends(group: string): boolean {
    return this.#groups.size === 0 || this.#groups.has(group);
  }

  /** Sends events of this group, too, from now on. False when it did so already. */
  enable(group: string): boolean {
    if (this.sends(group)) return false;
    this.#groups.add(group);
    this.#sendsTasks = this.sends('task');
    return true;
  }

  /** False when it did not send them, and when it sends all there are, as Celery has it. */
  disable(group: string): boolean {
    // The last one of a list cannot be taken away: nothing left is everything.
    if (this.#groups.size === 1 || !this.#groups.delete(group)) return false;
    this.#sendsTasks = this.sends('task');
    return true;
  }

  /** Something happens now. Nothing is awaited and nothing is thrown. */
  send(type: string, fields: EventFields = {}): void {
    if (this.#takes(eventGroup(type))) this.#add(type, this.#writer.event(type, fields));
  }

  /** The same, for what happens with every task. @param values of the fields of the template, in their order */
  sendOften(template: EventTemplate, values: readonly EventValue[]): void {
    if (this.#takes(template.group)) this.#add(template.type, this.#writer.written(template, values));
  }

  /** Idempotent. What waits is sent once more if the broker is there, within a moment and the deadline. */
  close(deadline: Deadline): Promise<void> {
    this.#closed ??= this.#close(deadline);
    return this.#closed;
  }

  #takes(group: string): boolean {
    return this.sends(group) && !this.#closing.signal.aborted;
  }

  #add(type: string, event: WrittenEvent): void {
    this.#backlog.add(type, event);
    if (this.#flushing !== undefined) return;
    if (this.#backlog.size >= mostInParcel) this.#begin();
    else this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#begin();
    });
  }

  #begin(): void {
    if (this.#flushing !== undefined || this.#backlog.size === 0) return;
    this.#flushing = this.#flush().finally(() => {
      this.#flushing = undefined;
      // Something may have come after it had seen that there was nothing more.
      if (this.#backlog.size > 0 && !this.#closing.signal.aborted) this.#schedule();
    });
  }

  /** Never rejects. */
  async #flush(): Promise<void> {
    while (this.#backlog.size > 0) {
      const error = await this.#sendNext();
      if (error === undefined) this.#tellDropped();
      else if (!(await this.#pause())) return;
    }
  }

  /** Resolves with why the broker did not take all of them. */
  async #sendNext(): Promise<Error | undefined> {
    let connection: Connection;
    try {
      connection = await this.#open();
    } catch (error) {
      return toError(error);
    }
    // Where the broker is asked for messages again and again Celery has no event loop, and sends each for itself.
    const lists = typeof connection.transport.supports.wakeUp === 'string';
    const parcels = this.#backlog.take(mostParcelsUnderWay, lists);
    const errors = await Promise.all(parcels.map((parcel) => this.#publish(connection, parcel)));
    const failed = parcels.filter((_, index) => errors[index] !== undefined);
    this.#backlog.giveBack(failed);
    return errors.find((error) => error !== undefined);
  }

  #open(): Promise<Connection> {
    this.#connection ??= runOutsideOfTasks(this.#options.connect).catch((error: unknown) => {
      this.#connection = undefined;
      throw error;
    });
    return this.#connection;
  }

  /** Resolves with an error that may go away; what is refused for good is dropped. */
  async #publish(connection: Connection, { events, routingKey, isList }: EventParcel): Promise<Error | undefined> {
    const { kernel, hostname } = this.#options;
    const declared = (this.#exchange ??= eventExchange(kernel.settings.eventExchange, connection.transport.name));
    try {
      const message = eventMessage(kernel, isList ? events : (events[0] ?? {}), hostname);
      const route = { exchange: declared.name, routingKey };
      await connection.producer.publish(message, route, { declare: [declared], retry: false });
      return undefined;
    } catch (thrown) {
      const error = toError(thrown);
      if (TransportError.isInstance(error) && error.recoverable) return error;
      this.#tellRefusal(error, routingKey);
      return undefined;
    }
  }

  /** Waits until it may be tried again. False when there is nothing to wait for any more. */
  async #pause(): Promise<boolean> {
    const { signal } = this.#closing;
    this.#isPausing = true;
    try {
      await this.#options.kernel.clock.sleep(pauseMs, signal);
      const connection = await this.#open();
      await connection.connect(signal);
    } catch {
      // The connection logs what is wrong with it.
    } finally {
      this.#isPausing = false;
    }
    return !signal.aborted;
  }

  #tellRefusal(error: Error, routingKey: string): void {
    const { logger } = this.#options;
    if (this.#hasToldRefusal) return;
    this.#hasToldRefusal = true;
    logger.warn(
      { err: error, routingKey },
      "Couldn't send an event; it is dropped, and so are others for the same reason",
    );
  }

  #tellDropped(): void {
    const dropped = this.#backlog.takeDropped();
    if (dropped === 0) return;
    this.#options.logger.warn({ dropped }, `${dropped} events were dropped while the broker could not be reached`);
  }

  async #close(deadline: Deadline): Promise<void> {
    const brief = deadline.within(farewellMs);
    // Who waits for the broker waits no longer; who is sending goes on.
    this.#closing.abort(new Error('The event dispatcher is closed.'));
    await brief.wait(this.#finish());
    this.#backlog.clear();
    const closed = this.#connection?.then(
      (connection) => connection.close(),
      () => undefined,
    );
    if (closed !== undefined) await deadline.wait(closed);
  }

  async #finish(): Promise<void> {
    await this.#flushing;
    this.#begin();
    await this.#flushing;
  }
}
