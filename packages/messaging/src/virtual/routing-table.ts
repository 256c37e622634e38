import type { Clock } from '@ctq/runtime';
import type { Route } from '../message/message.js';
import type { TopologyRole } from '../store/queue-store.js';
import type { QueueDeclaration } from '../transport/channel.js';
import { ExchangeRoutes } from './exchange-routes.js';

/** What is declared of a queue changes only by deleting it and declaring it anew. */
const queueFreshMs = 5_000;

/** Where the store itself fans out, nothing is asked of such an exchange but what type it has, which changes only in the same way. */
const fanoutFreshMs = 60_000;

/** A process that answers many callers publishes to as many reply queues: what is remembered of them is bounded. */
const rememberedNames = 10_000;

interface Remembered<T> {
  readonly value: T;
  readonly at: number;
}

/**
 * One connection's view of exchanges, queues and bindings, remembered for a moment so that a publish costs no look-up. It is refreshed
 * once per batch of publishes, and before a message is dropped for want of a binding: a reply queue that was bound a moment ago is
 * found by whoever answers.
 */
export class RoutingTable {
  readonly #topology: TopologyRole;
  readonly #clock: Clock;
  readonly #freshMs: number;
  readonly #fansOut: boolean;
  readonly #exchanges = new Map<string, Remembered<ExchangeRoutes>>();
  readonly #queues = new Map<string, Remembered<QueueDeclaration | undefined>>();

  /** @param fansOut the store has a publish/subscribe of its own, so that bindings of fanout exchanges do not matter to who publishes */
  constructor(topology: TopologyRole, clock: Clock, freshMs: number, fansOut = false) {
    this.#topology = topology;
    this.#clock = clock;
    this.#freshMs = freshMs;
    this.#fansOut = fansOut;
  }

  /** Reads what the routes need and is not fresh; undefined when nothing is missing, so that a hot path does not wait. */
  prepare(routes: Iterable<{ readonly route: Route }>): Promise<void> | undefined {
    let missing: Set<string> | undefined;
    let lastExchange: string | undefined;
    let lastKey: string | undefined;
    for (const { route } of routes) {
      const { exchange, routingKey } = route;
      if (exchange === lastExchange && (exchange !== '' || routingKey === lastKey)) continue;
      lastExchange = exchange;
      lastKey = routingKey;
      if (exchange === '' ? this.#freshQueue(routingKey) : this.#freshExchange(exchange)) continue;
      (missing ??= new Set()).add(exchange === '' ? `q${routingKey}` : `e${exchange}`);
    }
    return missing === undefined ? undefined : this.#read(missing);
  }

  /** Forgets the exchange and reads it again. */
  async refresh(exchange: string): Promise<void> {
    await this.#readExchange(exchange);
  }

  /** The queues a message goes to, by what is known now. On the default exchange that is the queue of that name, declared or not. */
  queuesFor(route: Route): readonly string[] {
    if (route.exchange === '') return [route.routingKey];
    return this.#exchanges.get(route.exchange)?.value.queuesFor(route.routingKey) ?? [];
  }

  isFanout(exchange: string): boolean {
    return this.#exchanges.get(exchange)?.value.type === 'fanout';
  }

  /** Arguments of the queue as far as they are known. */
  argumentsOf(queue: string): Readonly<Record<string, unknown>> | undefined {
    return this.#queues.get(queue)?.value?.arguments;
  }

  /** What is declared under this name, read now. */
  async findQueue(name: string): Promise<QueueDeclaration | undefined> {
    await this.#readQueue(name);
    return this.#queues.get(name)?.value;
  }

  /** To be called after every change made through this connection: its own declarations take effect at once. */
  forget(changed: { readonly exchange?: string; readonly queue?: string }): void {
    if (changed.exchange !== undefined) this.#exchanges.delete(changed.exchange);
    if (changed.queue === undefined) return;
    this.#queues.delete(changed.queue);
    for (const [exchange, { value }] of this.#exchanges) {
      if (value.bindings.some((binding) => binding.queue === changed.queue)) this.#exchanges.delete(exchange);
    }
  }

  #freshExchange(name: string): boolean {
    const remembered = this.#exchanges.get(name);
    if (remembered === undefined) return false;
    const freshMs = this.#fansOut && remembered.value.type === 'fanout' ? fanoutFreshMs : this.#freshMs;
    return this.#clock.monotonic() - remembered.at < freshMs;
  }

  #freshQueue(name: string): boolean {
    const remembered = this.#queues.get(name);
    if (remembered === undefined) return false;
    return this.#clock.monotonic() - remembered.at < (remembered.value === undefined ? this.#freshMs : queueFreshMs);
  }

  async #read(missing: ReadonlySet<string>): Promise<void> {
    await Promise.all(
      [...missing].map((key) =>
        key.startsWith('q') ? this.#readQueue(key.slice(1)) : this.#readExchange(key.slice(1)),
      ),
    );
  }

  async #readExchange(name: string): Promise<void> {
    const at = this.#clock.monotonic();
    if (this.#exchanges.size >= rememberedNames) this.#exchanges.clear();
    const [declared, bindings] = await Promise.all([this.#topology.findExchange(name), this.#topology.bindings(name)]);
    // kombu 5.6 transport/virtual/base.py, typeof: what was never declared is direct.
    this.#exchanges.set(name, { value: new ExchangeRoutes(declared?.type ?? 'direct', bindings), at });
    if (this.#fansOut && declared?.type === 'fanout') return;
    for (const queue of new Set(bindings.map((binding) => binding.queue))) {
      if (!this.#freshQueue(queue)) await this.#readQueue(queue);
    }
  }

  async #readQueue(name: string): Promise<void> {
    const at = this.#clock.monotonic();
    if (this.#queues.size >= rememberedNames) this.#queues.clear();
    this.#queues.set(name, { value: await this.#topology.findQueue(name), at });
  }
}
