import { Batcher, type Clock, deferred, type Logger } from '@ctq/runtime';
import { UnroutableError } from '../errors.js';
import type { Message, Route } from '../message/message.js';
import type { PushEntry, QueueStore } from '../store/queue-store.js';
import type { PublishOptions } from '../transport/channel.js';
import { clampedPriority, expiresAt } from './message-ttl.js';
import type { RoutingTable } from './routing-table.js';

/** A message on its way out; becomes the store's entry itself when it goes to one queue, which most do. */
class Outgoing implements PushEntry {
  queue = '';
  readonly message: Message;
  readonly route: Route;
  readonly priority: number;
  declare expiresAt?: number;
  readonly isMandatory: boolean;
  isUnroutable = false;

  constructor(message: Message, route: Route, isMandatory: boolean) {
    this.message = message;
    this.route = route;
    this.priority = clampedPriority(message.properties.priority);
    this.isMandatory = isMandatory;
  }
}

/** A batch with its addresses. */
interface Mail {
  readonly entries: PushEntry[];
  /** For fan-out exchanges that the store serves itself. */
  readonly broadcasts: Outgoing[];
}

export interface OutboxOptions {
  readonly store: QueueStore;
  readonly routing: RoutingTable;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Takes messages that no binding leads anywhere, instead of dropping them (Kombu's `deadletter_queue`). */
  readonly deadLetterQueue?: string;
  readonly onFailure: (error: unknown) => void;
}

/** Where pushes may overlap: one is on its way while the next is being made. */
const pushesUnderWay = 2;

/**
 * What a connection publishes: gathered during one turn of the event loop, routed and pushed together.
 */
export class Outbox {
  readonly #options: OutboxOptions;
  readonly #batcher: Batcher<Outgoing>;
  /** Under way while something has to be asked before a batch can be pushed; those behind it wait. */
  #addressing: Promise<void> | undefined;

  constructor(options: OutboxOptions) {
    this.#options = options;
    const overlaps = options.store.supports.pipelines === true;
    this.#batcher = new Batcher((batch) => this.#flush(batch), {
      maxUnderWay: overlaps ? pushesUnderWay : 1,
      isEager: overlaps,
    });
  }

  publish(message: Message, route: Route, options?: PublishOptions): Promise<void> {
    if (options?.mandatory === true) return this.#publishMandatory(message, route);
    return this.#batcher.add(new Outgoing(message, route, false));
  }

  /** Resolves when everything published so far was pushed or rejected. */
  drain(): Promise<void> {
    return this.#batcher.drain();
  }

  async #publishMandatory(message: Message, route: Route): Promise<void> {
    const outgoing = new Outgoing(message, route, true);
    await this.#batcher.add(outgoing);
    if (outgoing.isUnroutable) {
      throw new UnroutableError(
        `No queue took the message for exchange '${route.exchange}', routing key '${route.routingKey}'.`,
        {
          details: { ...route },
        },
      );
    }
  }

  async #flush(batch: readonly Outgoing[]): Promise<void> {
    try {
      // What is in front of it goes first.
      while (this.#addressing !== undefined) await this.#addressing;
      const mail: Mail = { entries: [], broadcasts: [] };
      const addressing = this.#addressAll(batch, mail);
      await (addressing === undefined ? this.#push(mail) : this.#pushAfter(addressing, mail));
    } catch (error) {
      this.#options.onFailure(error);
      throw error;
    }
  }

  /** Nobody behind it pushes before. */
  async #pushAfter(addressing: Promise<void>, mail: Mail): Promise<void> {
    const hasPushed = deferred();
    this.#addressing = hasPushed.promise;
    let pushing: Promise<void> | undefined;
    try {
      await addressing;
      pushing = this.#push(mail);
    } finally {
      this.#addressing = undefined;
      hasPushed.resolve();
    }
    await pushing;
  }

  #push({ entries }: Mail): Promise<void> | undefined {
    return entries.length === 0 ? undefined : this.#options.store.push(entries);
  }

  /** Undefined when it is done, which it is when nothing has to be asked. */
  #addressAll(batch: readonly Outgoing[], mail: Mail): Promise<void> | undefined {
    const reading = this.#options.routing.prepare(batch);
    return reading === undefined
      ? this.#addressKnown(batch, mail)
      : reading.then(() => this.#addressKnown(batch, mail));
  }

  #addressKnown(batch: readonly Outgoing[], mail: Mail): Promise<void> | undefined {
    let unmatched: Outgoing[] | undefined;
    for (const outgoing of batch) {
      if (outgoing.isMandatory && outgoing.route.exchange === '') (unmatched ??= []).push(outgoing);
      else if (!this.#address(outgoing, mail)) (unmatched ??= []).push(outgoing);
    }
    if (unmatched === undefined && mail.broadcasts.length === 0) return undefined;
    return this.#addressOthers(unmatched, mail);
  }

  async #addressOthers(unmatched: readonly Outgoing[] | undefined, mail: Mail): Promise<void> {
    if (unmatched !== undefined) await this.#lookAgain(unmatched, mail);
    const { fanout } = this.#options.store;
    if (fanout !== undefined && mail.broadcasts.length > 0) await fanout.publish(mail.broadcasts);
  }

  /** Adds an entry for each queue that gets the message; false when there is none. */
  #address(outgoing: Outgoing, { entries, broadcasts }: Mail): boolean {
    const { store, routing } = this.#options;
    if (store.fanout !== undefined && routing.isFanout(outgoing.route.exchange)) {
      broadcasts.push(outgoing);
      return true;
    }
    const queues = routing.queuesFor(outgoing.route);
    const [first] = queues;
    if (first === undefined) return false;
    if (queues.length === 1) entries.push(this.#entryFor(outgoing, first));
    else
      for (const queue of queues)
        entries.push(this.#entryFor(new Outgoing(outgoing.message, outgoing.route, false), queue));
    return true;
  }

  #entryFor(outgoing: Outgoing, queue: string): PushEntry {
    outgoing.queue = queue;
    const { routing, clock } = this.#options;
    const queueArguments = routing.argumentsOf(queue);
    if (queueArguments !== undefined || outgoing.message.properties.expiration !== undefined) {
      const until = expiresAt(outgoing.message.properties, queueArguments, clock.now());
      if (until !== undefined) outgoing.expiresAt = until;
    }
    return outgoing;
  }

  /** What was remembered may be older than a binding: before a message is given up its exchange is read anew. */
  async #lookAgain(unmatched: readonly Outgoing[], mail: Mail): Promise<void> {
    const { routing, deadLetterQueue } = this.#options;
    const names = new Set(unmatched.map(({ route }) => route.exchange));
    names.delete('');
    for (const name of names) await routing.refresh(name);
    const dropped: Outgoing[] = [];
    for (const outgoing of unmatched) {
      const { exchange, routingKey } = outgoing.route;
      const isKnown = exchange !== '' || (await routing.findQueue(routingKey)) !== undefined;
      if (isKnown && this.#address(outgoing, mail)) continue;
      if (outgoing.isMandatory) outgoing.isUnroutable = true;
      // Nobody listens, which is nothing to tell of: where the store fans out by itself, nobody knows.
      else if (routing.isFanout(exchange)) continue;
      else if (deadLetterQueue !== undefined) mail.entries.push(this.#entryFor(outgoing, deadLetterQueue));
      else dropped.push(outgoing);
    }
    this.#warnOf(dropped);
  }

  /** One line per route: thousands may be lost the same way. (kombu 5.6 transport/virtual/base.py, UndeliverableWarning) */
  #warnOf(dropped: readonly Outgoing[]): void {
    const counts = new Map<string, { route: Route; count: number }>();
    for (const { route } of dropped) {
      const key = JSON.stringify([route.exchange, route.routingKey]);
      const counted = counts.get(key) ?? { route, count: 0 };
      counted.count += 1;
      counts.set(key, counted);
    }
    for (const { route, count } of counts.values()) {
      this.#options.logger.warn({ ...route, count }, 'Dropped what could not be delivered: no queue is bound for it');
    }
  }
}
