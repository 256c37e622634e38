import { TransportConnectionError } from '@ctq/messaging';
import type {
  HeldMessage,
  PopRequest,
  PushEntry,
  QueueSize,
  QueueStore,
  QueueStoreContext,
  QueueStoreManifest,
  Settlement,
} from '@ctq/messaging/store';
import type { CloseReason } from '@ctq/messaging/transport';
import { connectRedis, disconnectRedis, maskedUrl, parseRedisUrl, Subscriber } from '@ctq/redis';
import { deferred } from '@ctq/runtime';
import type { Redis } from 'ioredis';
import { Arrivals } from './arrivals.js';
import { chargedEnvelope, envelopeOf, heldMessage, priorityOf } from './held-messages.js';
import { KeySpace } from './key-space.js';
import type { OpenStore } from './open-store.js';
import { transportError } from './redis-errors.js';
import { RedisFanout } from './redis-fanout.js';
import { RedisLease } from './redis-lease.js';
import type { RedisConfig } from './redis-options.js';
import { RedisTopology } from './redis-topology.js';
import { popScript } from './scripts/pop.js';
import { dropHeldScript, purgeScript, sizeScript } from './scripts/queue.js';
import { settleScript } from './scripts/settle.js';

const manifest: QueueStoreManifest = {
  priority: 'low-first',
  reach: 'network',
  // What a restart of the server keeps is the server's configuration (AOF).
  durability: 'client-loss',
  delay: true,
  leaseKeeper: true,
  wakeUp: 'hint',
  fanout: 'role',
};

/** The most messages that one script takes: Lua passes a few thousand arguments at a time. */
const largestPop = 1_000;

/** A lease that is not ended in this time ends by itself. */
const closeWithinMs = 500;

/**
 * How often the subscribed connection is asked whether it is there. New messages do not depend on it (see `Arrivals`); broadcasts do. With the looks and the
 * poll of an idle worker it makes less than 12 commands a minute.
 */
const probeEveryMs = 60_000;

/** What is kept of a held message, to give it back as it came. */
interface Held {
  readonly queue: string;
  readonly envelope: string;
}

/**
 * Queues in Redis, in Kombu's layout: Python and ctq programs push to and pop from the same lists. What a ctq process holds is booked in Kombu's `unacked` and
 * under a lease of ctq's own, which living processes renew.
 */
export class RedisQueueStore implements QueueStore {
  readonly spec = 1;
  readonly name = 'redis';
  readonly supports: QueueStoreManifest = manifest;
  readonly url: string;
  readonly topology: RedisTopology;
  readonly lease: RedisLease;
  readonly fanout: RedisFanout;
  readonly closed: Promise<CloseReason>;
  readonly #config: RedisConfig;
  readonly #keys: KeySpace;
  readonly #end = deferred<CloseReason>();
  readonly #held = new Map<string, Held>();
  #open: OpenStore | undefined;
  readonly #ending = new AbortController();
  #closing: Promise<void> | undefined;
  #isClosed = false;
  #lastError: Error | undefined;
  #made = 0;

  constructor(config: RedisConfig) {
    const address = parseRedisUrl(config.url);
    this.#config = config;
    this.#keys = new KeySpace(config.keys);
    this.url = maskedUrl(address);
    this.closed = this.#end.promise;
    this.topology = new RedisTopology(() => this.#opened(), this.#keys);
    this.lease = new RedisLease(config, this.#keys, () => this.#opened());
    this.fanout = new RedisFanout(() => this.#opened(), {
      keyPrefix: config.keys.prefix,
      channelPrefix: config.fanoutPrefix.replaceAll('{db}', String(address.db)),
      usesPatterns: config.fanoutPatterns,
    });
  }

  async open(context: QueueStoreContext, signal: AbortSignal): Promise<void> {
    const client = await this.#connect('ctq', signal);
    client.on('end', () => this.#lose());
    let listening: Redis | undefined;
    const subscriber = new Subscriber(
      async () => {
        listening = await this.#connect('ctq-subscriber', this.#ending.signal, probeEveryMs);
        return listening;
      },
      () => this.#lose(),
    );
    const { clock, logger } = context;
    this.#open = {
      client,
      context,
      subscriber,
      arrivals: new Arrivals({
        client: () => client,
        subscriber,
        clock,
        logger,
        leases: this.#keys.leases,
        unackedIndex: this.#keys.unackedIndex,
        visibilityTimeoutMs: this.#config.visibilityTimeoutMs,
        // A connection that does not answer is ended: see `Liveness`.
        onUnannounced: () => void listening?.ping().catch(() => undefined),
      }),
      run: (work) =>
        work(client).catch((error: unknown) => {
          throw transportError(error, this.url);
        }),
    };
    // Closed while it was being opened.
    if (this.#closing !== undefined) await disconnectRedis(client);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async push(entries: readonly PushEntry[]): Promise<void> {
    const { run } = this.#opened();
    const lists = new Map<string, string[]>();
    for (const entry of entries) {
      const list = this.#keys.listFor(entry.queue, entry.priority);
      const envelopes = lists.get(list);
      if (envelopes === undefined) lists.set(list, [envelopeOf(entry)]);
      else envelopes.push(envelopeOf(entry));
    }
    if (lists.size === 0) return;
    const [[list, envelopes] = ['', []]] = lists;
    if (lists.size === 1) await run((client) => client.lpush(list, ...envelopes));
    else await run((client) => pushAll(client, lists));
  }

  async pop({ queues, limit, noAck }: PopRequest): Promise<readonly HeldMessage[]> {
    const { run, context } = this.#opened();
    if (limit <= 0 || queues.length === 0) return [];
    const { unacked, unackedIndex, leases } = this.#keys;
    const lists = queues.map((queue) => this.#keys.lists(queue));
    const steps = lists[0]?.length ?? 0;
    const keys = [unacked, unackedIndex, this.#keys.heldBy(context.holder), leases];
    for (const queue of queues) keys.push(this.#keys.delayed(queue));
    for (let step = 0; step < steps; step += 1) for (const list of lists) keys.push(list[step] ?? '');
    const count = Math.min(limit, largestPop);
    const args = [count, noAck ? 1 : 0, `${context.holder}.`, this.#made, context.holder, this.#config.leaseMs];
    const named = [...queues.map((queue) => JSON.stringify(queue)), ...queues];
    this.#made += count;
    const reply = await run((client) => popScript.run(client, keys, [...args, queues.length, ...named]));
    const taken = reply as (string | number)[];
    const messages: HeldMessage[] = [];
    for (let at = 0; at < taken.length; at += 3) {
      const tag = String(taken[at]);
      const queue = queues[Number(taken[at + 1])] ?? '';
      const envelope = String(taken[at + 2]);
      if (!noAck) this.#held.set(tag, { queue, envelope });
      messages.push(heldMessage(tag, queue, envelope));
    }
    return messages;
  }

  async settle(settlements: readonly Settlement[]): Promise<readonly string[]> {
    const { run, context } = this.#opened();
    const acks: string[] = [];
    const others: (string | number)[] = [];
    const keys: string[] = [];
    const lost: string[] = [];
    for (const settlement of settlements) {
      const { tag } = settlement;
      const held = this.#held.get(tag);
      if (held === undefined) {
        lost.push(tag);
        continue;
      }
      this.#held.delete(tag);
      const member = `${tag} ${held.queue}`;
      if (settlement.kind === 'ack') acks.push(tag, member);
      else {
        const { key, kind, value } = this.#operation(settlement, held);
        if (!keys.includes(key)) keys.push(key);
        others.push(kind, tag, member, keys.indexOf(key) + 1, value);
      }
    }
    const { unacked, unackedIndex } = this.#keys;
    const all = [unacked, unackedIndex, this.#keys.heldBy(context.holder), ...keys];
    if (acks.length === 0 && others.length === 0) return lost;
    const late = await run((client) => settleScript.run(client, all, [acks.length / 2, ...acks, ...others]));
    return [...lost, ...(late as string[])];
  }

  wait(queues: readonly string[], signal: AbortSignal): Promise<void> {
    const { arrivals } = this.#opened();
    const delayed = queues.map((queue) => this.#keys.delayed(queue));
    return arrivals.wait({ delayed, lists: queues.flatMap((queue) => this.#keys.lists(queue)) }, signal);
  }

  async size(queue: string): Promise<QueueSize> {
    const keys = [this.#keys.leases, this.#keys.delayed(queue), ...this.#keys.lists(queue)];
    const reply = await this.#opened().run((client) => sizeScript.run(client, keys, [queue, this.#keys.heldBy('')]));
    const [waiting, parked, held] = reply as [number, number, number];
    return { waiting, parked, held };
  }

  async purge(queue: string): Promise<number> {
    const { unacked, unackedIndex } = this.#keys;
    const keys = [unacked, unackedIndex, this.#keys.delayed(queue), ...this.#keys.lists(queue)];
    return (await this.#opened().run((client) => purgeScript.run(client, keys, []))) as number;
  }

  async dropQueue(queue: string): Promise<void> {
    await this.purge(queue);
    const { leases, unacked, unackedIndex } = this.#keys;
    await this.#opened().run((client) =>
      dropHeldScript.run(client, [leases, unacked, unackedIndex], [queue, this.#keys.heldBy('')]),
    );
  }

  #operation(
    settlement: Exclude<Settlement, { kind: 'ack' }>,
    { queue, envelope }: Held,
  ): { readonly key: string; readonly kind: string; readonly value: string | number } {
    if (settlement.kind === 'park')
      return { key: this.#keys.delayed(queue), kind: 'park', value: Math.round(settlement.dueAt) };
    return {
      key: this.#keys.listFor(queue, priorityOf(envelope)),
      kind: settlement.position,
      value: settlement.charged ? chargedEnvelope(envelope) : envelope,
    };
  }

  #opened(): OpenStore {
    if (this.#open !== undefined && !this.#isClosed && this.#open.client.status !== 'end') return this.#open;
    throw new TransportConnectionError(
      `The connection to ${this.url} is ${this.#open === undefined ? 'not open' : 'closed'}.`,
      { recoverable: true },
    );
  }

  async #connect(name: string, signal: AbortSignal, probeMs?: number): Promise<Redis> {
    const { url, connectTimeoutMs } = this.#config;
    const probe = probeMs === undefined ? {} : { probeEveryMs: probeMs };
    try {
      const client = await connectRedis({ url, name, connectTimeoutMs, ...probe }, signal);
      client.on('error', (error: Error) => (this.#lastError = error));
      return client;
    } catch (error) {
      if (signal.aborted) throw error;
      throw transportError(error, this.url);
    }
  }

  async #close(): Promise<void> {
    const open = this.#open;
    if (open !== undefined && open.client.status !== 'end') {
      await Promise.race([this.lease.end().catch(() => undefined), open.context.clock.sleep(closeWithinMs)]);
      this.#isClosed = true;
      this.#ending.abort();
      open.arrivals.close();
      await open.subscriber.close();
      await disconnectRedis(open.client);
    }
    this.#isClosed = true;
    this.#end.resolve({});
  }

  /** One of the two connections has ended: neither is of use without the other. */
  #lose(): void {
    this.#open?.arrivals.close();
    void this.#open?.subscriber.close();
    this.#open?.client.disconnect();
    this.#end.resolve(
      this.#isClosed
        ? {}
        : {
            error: new TransportConnectionError(`The connection to ${this.url} was lost.`, {
              recoverable: true,
              cause: this.#lastError,
            }),
          },
    );
  }
}

/** All or nothing, in one round trip. */
async function pushAll(client: Redis, lists: ReadonlyMap<string, readonly string[]>): Promise<void> {
  const transaction = client.multi();
  for (const [list, envelopes] of lists) transaction.lpush(list, ...envelopes);
  const replies = (await transaction.exec()) ?? [];
  const failed = replies.find(([error]) => error !== null);
  if (failed?.[0] != null) throw failed[0];
}
