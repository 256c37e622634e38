import { randomUUID } from 'node:crypto';
import type { TopologyRole } from '@ctq/messaging/store';
import type { BindingDeclaration, ExchangeDeclaration, QueueDeclaration } from '@ctq/messaging/transport';
import type { Redis } from 'ioredis';
import type { KeySpace } from './key-space.js';
import type { OpenStore } from './open-store.js';
import { expiryOf, OwnDeclarations } from './own-declarations.js';
import {
  bindExpiringScript,
  deleteExchangeScript,
  deleteQueueScript,
  dropUnusedQueueScript,
  lostBindingsScript,
  overdueQueuesScript,
  saveExpiringQueueScript,
  touchQueueScript,
  unbindScript,
} from './scripts/topology.js';
import { topicRegex } from './topic-regex.js';
import { execute } from './transaction.js';

/** Kombu sweeps a table that no consumer has refreshed for twice the `x-expires` of its queue, an hour at least (kombu 5.7 transport/redis.py, _binding_ttl). */
const shortestBindingsMs = 60 * 60 * 1_000;

/**
 * Bindings in Kombu's sets, which Python programs read and write too; what ctq programs have declared beside them, in hashes of its own, because Kombu
 * keeps no declarations on the server. What is gone from there without anybody having deleted it (an eviction, a flush, somebody's hand) is declared again.
 */
export class RedisTopology implements TopologyRole {
  readonly #store: () => OpenStore;
  readonly #keys: KeySpace;
  readonly #own = new OwnDeclarations();
  #era: Promise<string> | undefined;
  /** The bindings as they were seen when they were last made sure of. */
  #restoredAt: string | undefined;

  constructor(store: () => OpenStore, keys: KeySpace) {
    this.#store = store;
    this.#keys = keys;
  }

  async saveExchange(exchange: ExchangeDeclaration): Promise<void> {
    await this.#noteEra();
    await this.#store().run((client) => client.hset(this.#keys.exchanges, exchange.name, JSON.stringify(exchange)));
    this.#own.sawExchange(exchange);
  }

  async findExchange(name: string): Promise<ExchangeDeclaration | undefined> {
    const found = read<ExchangeDeclaration>(
      await this.#store().run((client) => client.hget(this.#keys.exchanges, name)),
    );
    if (found !== undefined) this.#own.sawExchange(found);
    return found;
  }

  async deleteExchange(name: string): Promise<void> {
    const { exchanges, bindingDeadlines } = this.#keys;
    const keys = [exchanges, this.#keys.bindings(name), this.#keys.lastingBindings(name), bindingDeadlines];
    const args = [name, this.#keys.separator, this.#keys.boundTo('')];
    await this.#store().run((client) => deleteExchangeScript.run(client, keys, args));
    this.#own.forgetExchange(name);
  }

  async saveQueue(queue: QueueDeclaration): Promise<void> {
    await this.#noteEra();
    const { queues, expiries } = this.#keys;
    const text = JSON.stringify(queue);
    const expiresMs = expiryOf(queue);
    await this.#store().run((client) =>
      expiresMs === undefined
        ? execute(client.multi().hset(queues, queue.name, text).zrem(expiries, queue.name))
        : saveExpiringQueueScript.run(
            client,
            [queues, expiries, ...this.#keys.lists(queue.name)],
            [queue.name, text, expiresMs],
          ),
    );
    this.#own.declaredQueue(queue);
  }

  async findQueue(name: string): Promise<QueueDeclaration | undefined> {
    const found = read<QueueDeclaration>(await this.#store().run((client) => client.hget(this.#keys.queues, name)));
    if (found !== undefined) this.#own.sawQueue(found);
    return found;
  }

  async deleteQueue(name: string): Promise<void> {
    const { queues, expiries } = this.#keys;
    await this.#store().run((client) =>
      deleteQueueScript.run(client, [queues, expiries, this.#keys.boundTo(name)], [name, ...this.#bindingKeys()]),
    );
    this.#own.forgetQueue(name);
  }

  async saveBinding(binding: BindingDeclaration): Promise<void> {
    await this.#noteEra();
    await this.#bind(binding);
    this.#own.bound(binding);
  }

  async deleteBinding(binding: BindingDeclaration): Promise<void> {
    const { exchange, routingKey, queue } = binding;
    const { separator } = this.#keys;
    const keys = [this.#keys.bindings(exchange), this.#keys.lastingBindings(exchange), this.#keys.boundTo(queue)];
    const args = [routingKey + separator, separator + queue, this.#keys.boundMember(exchange, routingKey)];
    await this.#store().run((client) => unbindScript.run(client, keys, args));
    this.#own.unbound(binding);
  }

  async bindings(exchange: string): Promise<readonly BindingDeclaration[]> {
    const members = await this.#store().run((client) => client.smembers(this.#keys.bindings(exchange)));
    const found = members.flatMap((member) => {
      const binding = this.#keys.readBinding(member);
      return binding === undefined ? [] : [{ exchange, queue: binding.queue, routingKey: binding.routingKey }];
    });
    const missing = this.#own
      .bindingsOf(exchange)
      .filter((own) => !found.some(({ queue, routingKey }) => own.queue === queue && own.routingKey === routingKey));
    if (missing.length === 0) return found;
    const restored = await this.#restore(missing);
    // Somebody else has unbound the others.
    for (const binding of missing) if (!restored.includes(binding)) this.#own.unbound(binding);
    return [...found, ...restored.filter((binding) => binding.exchange === exchange)];
  }

  async touchQueues(names: readonly string[]): Promise<void> {
    const { queues, expiries } = this.#keys;
    for (const name of names) {
      const declared = this.#own.queue(name) ?? (await this.findQueue(name));
      const expiresMs = declared === undefined ? undefined : expiryOf(declared);
      if (declared === undefined || expiresMs === undefined) continue;
      this.#own.declaredQueue(declared);
      const isThere = await this.#store().run((client) =>
        touchQueueScript.run(client, [queues, expiries, ...this.#keys.lists(name)], [name, expiresMs]),
      );
      // It went while its consumer was out of action, and the consumer is back.
      if (isThere === 0) await this.saveQueue(declared);
      for (const binding of this.#own.bindings) if (binding.queue === name) await this.#bind(binding);
    }
  }

  async dropUnusedQueues(): Promise<readonly string[]> {
    if (this.#store().arrivals.isQuiet) return [];
    return await this.#store().run(async (client) => {
      const overdue = (await overdueQueuesScript.run(client, [this.#keys.expiries], [])) as string[];
      const dropped: string[] = [];
      for (const name of overdue) if (await this.#dropUnused(client, name)) dropped.push(name);
      return dropped;
    });
  }

  async restoreBindings(): Promise<void> {
    const { bindings } = this.#store().arrivals;
    if (bindings !== undefined && bindings.text === this.#restoredAt && this.#areThere(bindings.counts)) return;
    await this.#restore(this.#own.bindings);
    this.#restoredAt = bindings?.text;
  }

  /** As far as numbers tell. */
  #areThere(counts: readonly number[]): boolean {
    return this.#own.exchanges.every((name, at) => (counts[at] ?? 0) >= this.#own.bindingsOf(name).length);
  }

  /** The keys of the tables in which this connection has bindings. */
  get tables(): readonly string[] {
    return this.#own.exchanges.map((exchange) => this.#keys.bindings(exchange));
  }

  /** The `x-expires` of queues among these that were declared through this connection (kombu 5.6 transport/redis.py, _put). */
  expiring(entries: Iterable<{ readonly queue: string }>): ReadonlyMap<string, number> {
    const found = new Map<string, number>();
    if (!this.#own.hasExpiring) return found;
    for (const { queue } of entries) {
      const expiresMs = this.#own.expiresMs(queue);
      if (expiresMs !== undefined) found.set(queue, expiresMs);
    }
    return found;
  }

  async #dropUnused(client: Redis, name: string): Promise<boolean> {
    const { queues, expiries, unacked, unackedIndex } = this.#keys;
    const keys = [queues, expiries, this.#keys.boundTo(name), unacked, unackedIndex, this.#keys.delayed(name)];
    const args = [name, ...this.#bindingKeys()];
    return (await dropUnusedQueueScript.run(client, [...keys, ...this.#keys.lists(name)], args)) === 1;
  }

  async #bind(binding: BindingDeclaration): Promise<void> {
    const { exchange, routingKey, queue } = binding;
    const member = await this.#member(binding);
    const declared = this.#own.queue(queue) ?? (await this.findQueue(queue));
    const expiresMs = declared === undefined ? undefined : expiryOf(declared);
    const [table, lasting] = [this.#keys.bindings(exchange), this.#keys.lastingBindings(exchange)];
    const [boundTo, bound] = [this.#keys.boundTo(queue), this.#keys.boundMember(exchange, routingKey)];
    await this.#store().run((client) => {
      if (expiresMs === undefined)
        return execute(client.multi().sadd(table, member).sadd(lasting, member).sadd(boundTo, bound));
      const keys = [table, lasting, this.#keys.bindingDeadlines, boundTo];
      return bindExpiringScript.run(client, keys, [
        member,
        exchange,
        Math.max(2 * expiresMs, shortestBindingsMs),
        bound,
      ]);
    });
  }

  /** Makes those again that are gone although nobody has unbound them, all of this connection where everything is gone; resolves with them. */
  async #restore(bindings: readonly BindingDeclaration[]): Promise<readonly BindingDeclaration[]> {
    if (bindings.length === 0 || this.#era === undefined) return [];
    const era = await this.#era;
    const members = await Promise.all(bindings.map((binding) => this.#member(binding)));
    const keys = bindings.flatMap(({ exchange, queue }) => [this.#keys.bindings(exchange), this.#keys.boundTo(queue)]);
    const args = bindings.flatMap(({ exchange, routingKey }, index) => [
      members[index] ?? '',
      this.#keys.boundMember(exchange, routingKey),
    ]);
    const reply = await this.#store().run((client) =>
      lostBindingsScript.run(client, [this.#keys.era, ...keys], [era, ...args]),
    );
    const [wasEmptied, ...indices] = reply as number[];
    const lost = wasEmptied === 1 ? this.#own.bindings : indices.flatMap((index) => bindings[index] ?? []);
    if (wasEmptied === 1) await this.#declareAgain(lost);
    for (const binding of lost) await this.#bind(binding);
    if (lost.length > 0)
      this.#store().context.logger.warn(
        { exchanges: [...new Set(lost.map(({ exchange }) => exchange))] },
        'Bindings were gone from Redis; they are made again',
      );
    return lost;
  }

  async #declareAgain(bindings: readonly BindingDeclaration[]): Promise<void> {
    this.#era = undefined;
    for (const name of new Set(bindings.map(({ exchange }) => exchange))) {
      const exchange = this.#own.exchange(name);
      if (exchange !== undefined) await this.saveExchange(exchange);
    }
    for (const name of new Set(bindings.map(({ queue }) => queue))) {
      const queue = this.#own.queue(name);
      if (queue !== undefined) await this.saveQueue(queue);
    }
    await this.#noteEra();
  }

  /** Which life of the database this connection's declarations belong to. */
  #noteEra(): Promise<string> {
    this.#era ??= this.#store()
      .run(async (client) => {
        const { era } = this.#keys;
        const [, noted] = await execute(client.multi().set(era, randomUUID(), 'NX').get(era));
        return String(noted);
      })
      .catch((error: unknown) => {
        this.#era = undefined;
        throw error;
      });
    return this.#era;
  }

  #bindingKeys(): readonly string[] {
    return [this.#keys.separator, this.#keys.bindings(''), this.#keys.lastingBindings('')];
  }

  /** The pattern is there for Kombu's publishers, and only with topic exchanges (kombu 5.6 transport/virtual/exchange.py). */
  async #member({ exchange, routingKey, queue }: BindingDeclaration): Promise<string> {
    const { type } = this.#own.exchange(exchange) ?? (await this.findExchange(exchange)) ?? {};
    return this.#keys.bindingMember(routingKey, type === 'topic' ? topicRegex(routingKey) : '', queue);
  }
}

function read<Declaration>(json: string | null): Declaration | undefined {
  return json === null ? undefined : (JSON.parse(json) as Declaration);
}
