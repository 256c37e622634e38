import { randomUUID } from 'node:crypto';
import type { LeaseRole } from '@ctq/messaging/store';
import { chargedEnvelope, priorityOf } from './held-messages.js';
import type { Redis } from 'ioredis';
import type { KeySpace } from './key-space.js';
import type { OpenStore } from './open-store.js';
import type { RedisConfig } from './redis-options.js';
import { endLeaseScript, overdueScript, renewScript, restoreScript } from './scripts/lease.js';

/** The most that one command of a sweep moves. */
const batchSize = 200;

/** What stands in `unacked`. */
interface Entry {
  readonly envelope: string;
  readonly exchange: string;
  readonly routingKey: string;
}

/** A message that goes back to its queue. */
interface Returned {
  readonly tag: string;
  readonly member: string;
  readonly list: string;
  readonly envelope: string;
}

/** Leases by the server's clock, which all processes share; and Kombu's visibility timeout for what Python workers hold. */
export class RedisLease implements LeaseRole {
  readonly durationMs: number;
  readonly #config: RedisConfig;
  readonly #keys: KeySpace;
  readonly #store: () => OpenStore;

  constructor(config: RedisConfig, keys: KeySpace, store: () => OpenStore) {
    this.durationMs = config.leaseMs;
    this.#config = config;
    this.#keys = keys;
    this.#store = store;
  }

  /** Where a keeper thread finds what it needs. Known once the store is open. */
  get renewer(): { readonly module: string; readonly options: unknown } {
    return {
      module: new URL('./lease-renewer.js', import.meta.url).href,
      options: { config: this.#config, holder: this.#store().context.holder },
    };
  }

  async renew(): Promise<void> {
    const { holder } = this.#store().context;
    const keys = [this.#keys.leases, this.#keys.heldBy(holder), this.#keys.unackedIndex];
    await this.#store().run((client) => renewScript.run(client, keys, [holder, this.durationMs]));
  }

  lost(tags: readonly string[]): Promise<readonly string[]> {
    return this.#store().run(async (client) => {
      const pipeline = client.pipeline();
      for (const tag of tags) pipeline.hexists(this.#keys.unacked, tag);
      const replies = (await pipeline.exec()) ?? [];
      // A pipeline does not reject: each command has its own error. Not to know is not to have lost it.
      for (const [error] of replies) if (error !== null) throw error;
      return tags.filter((_, index) => replies[index]?.[1] !== 1);
    });
  }

  sweep(): Promise<number> {
    if (this.#store().arrivals.isQuiet) return Promise.resolve(0);
    return this.#store().run((client) => this.#sweep(client));
  }

  /** Forgets the holder if it holds nothing. */
  async end(): Promise<void> {
    const { holder } = this.#store().context;
    await this.#store().run((client) => this.#endOf(client, holder));
  }

  async #sweep(client: Redis): Promise<number> {
    const [holders, tags] = (await overdueScript.run(
      client,
      [this.#keys.leases, this.#keys.unackedIndex],
      [this.#config.visibilityTimeoutMs / 1_000, batchSize],
    )) as [string[], string[]];
    let count = 0;
    for (const holder of holders) count += await this.#sweepHolder(client, holder);
    if (tags.length > 0) count += await this.#restoreKombus(client, tags);
    return count;
  }

  async #endOf(client: Redis, holder: string): Promise<void> {
    await endLeaseScript.run(client, [this.#keys.leases, this.#keys.heldBy(holder)], [holder]);
  }

  async #sweepHolder(client: Redis, holder: string): Promise<number> {
    const members = await client.smembers(this.#keys.heldBy(holder));
    if (members.length === 0) {
      await this.#endOf(client, holder);
      return 0;
    }
    // The youngest first: each goes in front of the one before.
    members.sort((a, b) => numberOf(b) - numberOf(a));
    let count = 0;
    for (let from = 0; from < members.length; from += batchSize) {
      const batch = members.slice(from, from + batchSize);
      const tags = batch.map((member) => member.slice(0, member.indexOf(' ')));
      const entries = await client.hmget(this.#keys.unacked, ...tags);
      const returned = batch.map((member, index) => {
        const tag = tags[index] ?? '';
        const queue = member.slice(tag.length + 1);
        const entry = entries[index];
        return this.#returned(tag, member, queue, typeof entry === 'string' ? envelopeIn(entry) : '');
      });
      count += await this.#restore(client, holder, returned);
    }
    return count;
  }

  /** kombu 5.6 transport/redis.py, QoS.restore_visible: one process at a time, for others' messages only. */
  async #restoreKombus(client: Redis, tags: readonly string[]): Promise<number> {
    const token = randomUUID();
    const { unackedMutex } = this.#keys;
    if ((await client.set(unackedMutex, token, 'PX', this.#config.unackedMutexMs, 'NX')) === null) return 0;
    try {
      const entries = await client.hmget(this.#keys.unacked, ...tags);
      const returned: Returned[] = [];
      for (const [index, tag] of tags.entries()) {
        const read = readEntry(entries[index] ?? '');
        if (read === undefined) {
          // Settled meanwhile, or nothing that leads to a queue: it stays where it is and is not looked at again.
          await client.zrem(this.#keys.unackedIndex, tag);
          continue;
        }
        for (const queue of await this.#queuesFor(client, read))
          returned.push(this.#returned(tag, `${tag} ${queue}`, queue, read.envelope));
      }
      return await this.#restore(client, '', returned);
    } finally {
      if ((await client.get(unackedMutex)) === token) await client.del(unackedMutex);
    }
  }

  async #queuesFor(client: Redis, { exchange, routingKey }: Entry): Promise<readonly string[]> {
    if (exchange === '') return [routingKey];
    const members = await client.smembers(this.#keys.bindings(exchange));
    const bindings = members.map((member) => this.#keys.readBinding(member));
    const queues = bindings.filter((binding) => binding?.routingKey === routingKey).map((binding) => binding?.queue);
    return queues.length > 0 ? [...new Set(queues.filter((queue) => queue !== undefined))] : [routingKey];
  }

  #returned(tag: string, member: string, queue: string, envelope: string): Returned {
    return { tag, member, list: this.#keys.listFor(queue, priorityOf(envelope)), envelope: chargedEnvelope(envelope) };
  }

  async #restore(client: Redis, holder: string, returned: readonly Returned[]): Promise<number> {
    const lists = [...new Set(returned.map(({ list }) => list))];
    const { leases, unacked, unackedIndex } = this.#keys;
    const keys = [leases, unacked, unackedIndex, this.#keys.heldBy(holder), ...lists];
    const args = returned.flatMap(({ tag, member, list, envelope }) => [
      tag,
      member,
      lists.indexOf(list) + 1,
      envelope,
    ]);
    return (await restoreScript.run(client, keys, [holder, ...args])) as number;
  }
}

/** The number at the end of a tag: its place in the order of deliveries. */
function numberOf(member: string): number {
  return Number(/\.(\d+) /.exec(member)?.[1] ?? 0);
}

function envelopeIn(entry: string): string {
  return readEntry(entry)?.envelope ?? '';
}

/** `[envelope, exchange, routing key]`, with the envelope as it was received. */
const entryForm = /^\[(.*),\s*(null|"(?:[^"\\]|\\.)*"),\s*(null|"(?:[^"\\]|\\.)*")\]$/su;

/** Undefined for what is no entry. */
function readEntry(entry: string): Entry | undefined {
  const [, envelope, exchange, routingKey] = entryForm.exec(entry) ?? [];
  if (envelope === undefined || exchange === undefined || routingKey === undefined) return undefined;
  return { envelope, exchange: textOf(exchange), routingKey: textOf(routingKey) };
}

function textOf(json: string): string {
  const value: unknown = JSON.parse(json);
  return typeof value === 'string' ? value : '';
}
