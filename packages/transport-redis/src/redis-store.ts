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
import { disconnectRedis, Subscriber } from '@ctq/redis';
import { Deadline, deferred } from '@ctq/runtime';
import type { ChainableCommander, Redis } from 'ioredis';
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
import { execute } from './transaction.js';

const manifest: QueueStoreManifest = {
  priority: 'low-first',
  reach: 'network',
  // What a restart of the server keeps is the server's configuration (AOF).
  durability: 'client-loss',
  delay: true,
  leaseKeeper: true,
  wakeUp: 'hint',
  fanout: 'role',
  pipelines: true,
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
  readonly supports: QueueStoreManifest;
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
  #closing: Promise<void> | undefined;
  #isClosed = false;
  #lastError: Error | undefined;
  #made = 0;

  constructor(config: RedisConfig) {
    const { server } = config;
    this.#config = config;
    this.supports = { ...manifest, leaseKeeper: server.portable !== undefined };
    this.#keys = new KeySpace(config.keys);
    this.url = server.url;
    this.closed = this.#end.promise;
    this.topology = new RedisTopology(() => this.#opened(), this.#keys);
    this.lease = new RedisLease(config, this.#keys, () => this.#opened());
    this.fanout = new RedisFanout(() => this.#opened(), {
      keyPrefix: config.keys.prefix,
      channelPrefix: config.fanoutPrefix.replaceAll('{db}', String(server.db)),
      usesPatterns: config.fanoutPatterns,
      bodyEncoding: config.bodyEncoding,
    });
  }

  async open(context: QueueStoreContext, signal: AbortSignal): Promise<void> {
    const { clock, logger } = context;
    const { server, pollMs } = this.#config;
    const client = await this.#connected(server.connect({ role: '', clock, logger }, signal), signal);
    client.on('end', () => this.#lose());
    const beside = { role: 'subscriber', clock, logger, probeEveryMs };
    let listening: Redis | undefined;
    const subscriber = new Subscriber({
      // Beside it: what is announced to this connection is what was looked at on the other.
      connect: async (closing) => {
        listening = await this.#connected(server.connectBeside(client, beside, closing), closing);
        return listening;
      },
      onLost: () => this.#lose(),
    });
    this.#open = {
      client,
      context,
      subscriber,
      arrivals: new Arrivals({
        client: () => client,
        subscriber,
        clock,
        logger,
        ...(pollMs === undefined ? {} : { pollMs }),
        leases: this.#keys.leases,
        unackedIndex: this.#keys.unackedIndex,
        visibilityTimeoutMs: this.#config.visibilityTimeoutMs,
        expiries: this.#keys.expiries,
        era: this.#keys.era,
        tables: () => this.topology.tables,
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

  /** @throws TransportError in place of the client's errors. */
  run<T>(work: (client: Redis) => Promise<T>): Promise<T> {
    return this.#opened().run(work);
  }

  /** Wakes who waits on this connection after a `run` that has put something into a queue: the server announces it to the others only. */
  noteOwnChange(): void {
    this.#opened().arrivals.noteOwnChange();
  }

  async push(entries: readonly PushEntry[]): Promise<void> {
    const { run, arrivals } = this.#opened();
    const lists = new Map<string, string[]>();
    for (const entry of entries) {
      const list = this.#keys.listFor(entry.queue, entry.priority);
      const envelopes = lists.get(list);
      const envelope = envelopeOf(entry, this.#config.bodyEncoding);
      if (envelopes === undefined) lists.set(list, [envelope]);
      else envelopes.push(envelope);
    }
    if (lists.size === 0) return;
    const [[list, envelopes] = ['', []]] = lists;
    const expiring = this.topology.expiring(entries);
    if (lists.size === 1 && expiring.size === 0) await run((client) => client.lpush(list, ...envelopes));
    else await run((client) => execute(this.#pushAll(client, lists, expiring)));
    arrivals.noteOwnChange();
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
    const { holder } = context;
    const args = [count, noAck ? 1 : 0, `${holder}.`, this.#made, holder, this.#config.leaseMs];
    const named = [...queues.map((queue) => JSON.stringify(queue)), ...queues];
    let made = this.#made;
    this.#made += count;
    const reply = await run((client) => popScript.run(client, keys, [...args, queues.length, ...named]));
    const runs = reply as (number | string[])[];
    const messages: HeldMessage[] = [];
    for (let at = 0; at < runs.length; at += 2) {
      const queue = queues[runs[at] as number] ?? '';
      for (const envelope of runs[at + 1] as string[]) {
        made += 1;
        const tag = noAck ? '' : `${holder}.${made}`;
        if (!noAck) this.#held.set(tag, { queue, envelope });
        messages.push(heldMessage(tag, queue, envelope));
      }
    }
    return messages;
  }

  async settle(settlements: readonly Settlement[]): Promise<readonly string[]> {
    const { run, context, arrivals } = this.#opened();
    const acks: string[] = [];
    const members: string[] = [];
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
      if (settlement.kind === 'ack') {
        acks.push(tag);
        members.push(member);
      } else {
        const { key, kind, value } = this.#operation(settlement, held);
        if (!keys.includes(key)) keys.push(key);
        others.push(kind, tag, member, keys.indexOf(key) + 1, value);
      }
    }
    const { unacked, unackedIndex } = this.#keys;
    const all = [unacked, unackedIndex, this.#keys.heldBy(context.holder), ...keys];
    if (acks.length === 0 && others.length === 0) return lost;
    const late = await run((client) => settleScript.run(client, all, [acks.length, ...acks, ...members, ...others]));
    if (others.length > 0) arrivals.noteOwnChange();
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
      return { key: this.#keys.delayed(queue), kind: 'park', value: Math.ceil(settlement.dueAt) };
    return {
      key: this.#keys.listFor(queue, priorityOf(envelope)),
      kind: settlement.position,
      value: settlement.charged ? chargedEnvelope(envelope) : envelope,
    };
  }

  /** All or nothing, in one round trip. Pushing is a use of a queue with an `x-expires` (kombu 5.6 transport/redis.py, _put). */
  #pushAll(
    client: Redis,
    lists: ReadonlyMap<string, readonly string[]>,
    expiring: ReadonlyMap<string, number>,
  ): ChainableCommander {
    const transaction = client.multi();
    for (const [list, envelopes] of lists) transaction.lpush(list, ...envelopes);
    for (const [queue, expiresMs] of expiring)
      for (const list of this.#keys.lists(queue)) transaction.pexpire(list, expiresMs);
    return transaction;
  }

  #opened(): OpenStore {
    if (this.#open !== undefined && !this.#isClosed && this.#open.client.status !== 'end') return this.#open;
    throw new TransportConnectionError(
      `The connection to ${this.url} is ${this.#open === undefined ? 'not open' : 'closed'}.`,
      { recoverable: true },
    );
  }

  async #connected(connecting: Promise<Redis>, signal: AbortSignal): Promise<Redis> {
    try {
      const client = await connecting;
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
      await Deadline.after(closeWithinMs, open.context.clock).wait(this.lease.end().catch(() => undefined));
      this.#isClosed = true;
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
