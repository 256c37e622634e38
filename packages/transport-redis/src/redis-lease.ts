import { randomUUID } from 'node:crypto';
import type { LeaseRole } from '@ctq/messaging/store';
import { chargedEnvelope, priorityOf } from './held-messages.js';
import type { Redis } from 'ioredis';
import type { LeaseRenewerOptions } from './lease-renewer.js';
import type { KeySpace } from './key-space.js';
import { KombuRoutes } from './kombu-routes.js';
import type { OpenStore } from './open-store.js';
import type { RedisConfig } from './redis-options.js';
import {
  endLeaseScript,
  expiredLeasesScript,
  overdueScript,
  putOffScript,
  releaseMutexScript,
  renewScript,
  restoreScript,
} from './scripts/lease.js';

/** The most that one command of a sweep moves. */
const batchSize = 200;

/** A mutex that was taken longer ago is nobody's any more. */
const longestSweepMs = 10_000;

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
  readonly sweepEveryMs?: number;
  readonly #config: RedisConfig;
  readonly #keys: KeySpace;
  readonly #store: () => OpenStore;
  #restoredAt = Number.NEGATIVE_INFINITY;

  constructor(config: RedisConfig, keys: KeySpace, store: () => OpenStore) {
    this.durationMs = config.leaseMs;
    if (config.restoreEveryMs !== undefined) this.sweepEveryMs = config.restoreEveryMs;
    this.#config = config;
    this.#keys = keys;
    this.#store = store;
  }

  /** Where a keeper thread finds what it needs. Known once the store is open; nothing where the server cannot be reached from another thread. */
  get renewer(): { readonly module: string; readonly options: LeaseRenewerOptions } | undefined {
    const { leaseMs, keys } = this.#config;
    const server = this.#config.server.portable;
    if (server === undefined) return undefined;
    const { holder } = this.#store().context;
    return {
      module: new URL('./lease-renewer.js', import.meta.url).href,
      options: { config: { server, leaseMs, keys }, holder },
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
    const holders = (await expiredLeasesScript.run(client, [this.#keys.leases], [])) as string[];
    let count = 0;
    for (const holder of holders) count += await this.#sweepHolder(client, holder);
    return count + (await this.#restoreKombus(client));
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
  async #restoreKombus(client: Redis): Promise<number> {
    if (!this.#isDue()) return 0;
    const limit = this.#config.restoreLimit ?? Number.POSITIVE_INFINITY;
    const first = await this.#overdue(client, Math.min(limit, batchSize));
    if (first.length === 0) return 0;
    const token = randomUUID();
    const { unackedMutex } = this.#keys;
    if (!(await this.#mayRestore(client, token))) return 0;
    try {
      const routes = new KombuRoutes(client, this.#keys, this.#config.deadLetterQueue);
      let count = 0;
      let looked = 0;
      for (let tags = first; tags.length > 0; tags = await this.#overdue(client, Math.min(limit - looked, batchSize))) {
        count += await this.#restoreEntries(client, tags, routes);
        looked += tags.length;
        if (looked >= limit) break;
      }
      return count;
    } finally {
      await releaseMutexScript.run(client, [unackedMutex], [token]);
    }
  }

  /**
   * Whether it is this process's turn. The mutex only spares doing things twice (on either side a message is returned in one step): one that is held for much longer
   * than a sweep takes was left behind by a process that was killed.
   */
  async #mayRestore(client: Redis, token: string): Promise<boolean> {
    const { unackedMutexMs } = this.#config;
    if ((await client.set(this.#keys.unackedMutex, token, 'PX', unackedMutexMs, 'NX')) !== null) return true;
    return (await client.pttl(this.#keys.unackedMutex)) < unackedMutexMs - longestSweepMs;
  }

  /** The youngest first, as in Kombu: each goes in front of the one before. */
  async #overdue(client: Redis, limit: number): Promise<readonly string[]> {
    const timeout = this.#config.visibilityTimeoutMs / 1_000;
    return (await overdueScript.run(client, [this.#keys.unackedIndex], [timeout, limit])) as string[];
  }

  async #restoreEntries(client: Redis, tags: readonly string[], routes: KombuRoutes): Promise<number> {
    const entries = await client.hmget(this.#keys.unacked, ...tags);
    const returned: Returned[] = [];
    const stranded: { readonly tag: string; readonly exchange: string; readonly routingKey: string }[] = [];
    for (const [index, tag] of tags.entries()) {
      const read = readEntry(entries[index] ?? '');
      if (read === undefined) {
        // Settled meanwhile, or nothing that leads to a queue: it stays where it is and is not looked at again.
        await client.zrem(this.#keys.unackedIndex, tag);
        continue;
      }
      const queues = await routes.queuesFor(read);
      for (const queue of queues) returned.push(this.#returned(tag, `${tag} ${queue}`, queue, read.envelope));
      if (queues.length === 0) stranded.push({ tag, exchange: read.exchange, routingKey: read.routingKey });
    }
    await this.#putOff(client, stranded);
    return returned.length === 0 ? 0 : await this.#restore(client, '', returned);
  }

  /** What leads to no queue is not dropped, as Kombu does, but looked at again after another timeout: its binding may be back by then. */
  async #putOff(
    client: Redis,
    stranded: readonly { readonly tag: string; readonly exchange: string; readonly routingKey: string }[],
  ): Promise<void> {
    const [first] = stranded;
    if (first === undefined) return;
    const { exchange, routingKey } = first;
    await putOffScript.run(
      client,
      [this.#keys.unackedIndex],
      stranded.map(({ tag }) => tag),
    );
    this.#store().context.logger.warn(
      { count: stranded.length, exchange, routingKey },
      'Messages of Python workers cannot be returned: no queue is bound for them; they are kept',
    );
  }

  /** Kombu's two options for how often, where they are given; else with every sweep. */
  #isDue(): boolean {
    const { restoreEveryMs } = this.#config;
    const now = this.#store().context.clock.monotonic();
    // The clock of the sweeps takes up to a fifth less than it says.
    if (restoreEveryMs !== undefined && now - this.#restoredAt < restoreEveryMs * 0.8) return false;
    this.#restoredAt = now;
    return true;
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
