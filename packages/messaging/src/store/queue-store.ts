import type { Clock, Logger } from '@ctq/runtime';
import type { Message, Route } from '../message/message.js';
import type { BindingDeclaration, CloseReason, ExchangeDeclaration, QueueDeclaration } from '../transport/channel.js';
import type { TransportManifest } from '../transport/manifest.js';

/**
 * The narrow waist for everything that is not an AMQP broker: a database, Redis, a folder, memory. Whoever implements these methods
 * has a transport: `virtualTransport(store)` supplies exchanges, routing, consumers, prefetch, settle-once deliveries, TTL and the loops.
 *
 * Rules: everything takes *many*, because a batch costs a round trip and so does a single message. Nothing blocks but `wait`. Nothing is
 * retried here. A store that is closed rejects. Constructing one does nothing: no I/O before `open`.
 *
 * An error of `pop`, `settle` or `wait` ends the whole connection (the façade makes a new one, with backoff): a message that could not
 * be settled would otherwise be held for as long as its holder lives. An error of `push` is the publisher's, one of the lease role is
 * logged and tried again at the next renewal; these end the connection only when they are a `TransportConnectionError`.
 */
export interface QueueStore {
  readonly spec: 1;
  readonly name: string;
  readonly supports: QueueStoreManifest;
  /** For banners and errors, with passwords masked. */
  readonly url: string;
  /** @throws TransportConnectionError as `Transport.connect`. */
  open(context: QueueStoreContext, signal: AbortSignal): Promise<void>;
  /**
   * Idempotent, never hangs; pending calls settle. What its holder still holds is not touched where a lease brings it back, and goes back
   * to its queues otherwise. (The virtual channel has released everything before, unless the connection was lost.)
   */
  close(): Promise<void>;
  /** Present where the store learns by itself that its connection has ended: resolves then, with the reason. */
  readonly closed?: Promise<CloseReason>;

  /** Appends in order, all or nothing. Resolves when they are as safe as `supports.durability` says. */
  push(entries: readonly PushEntry[]): Promise<void>;
  /**
   * Takes at most `limit` messages and holds them for this store's holder, in one atomic step. Most urgent first over all queues,
   * among equals queues in the given order, within a queue the oldest first. Returns at once, with nothing when nothing waits.
   * Parked messages that are due count as waiting, and come first. With `noAck` they are not held but gone. With a lease role, what it
   * takes is leased for the full duration from now. It never takes from another holder, not even an expired one: that is `sweep`.
   */
  pop(request: PopRequest): Promise<readonly HeldMessage[]>;
  /**
   * Settles held messages, in the given order, in one atomic step. Resolves with the tags that were no longer held by this holder: those
   * settlements had no effect.
   */
  settle(settlements: readonly Settlement[]): Promise<readonly string[]>;
  /**
   * Resolves when something may have arrived in one of the queues (pushed, released, swept) or a parked message fell due, or when the
   * signal is aborted (it never rejects for that). The hint may be late, spurious or lost: the virtual channel polls slowly behind it. A store
   * without hints waits on a timer.
   *
   * The virtual channel calls it *before* the `pop` whose emptiness makes it rest, so an arrival between the two is not missed, and a store
   * needs no memory of what arrived before: it listens from the call on, synchronously. One call is under way per consuming channel.
   */
  wait(queues: readonly string[], signal: AbortSignal): Promise<void>;
  size(queue: string): Promise<QueueSize>;
  /** Deletes waiting and parked messages; resolves with their number. */
  purge(queue: string): Promise<number>;
  /** Deletes the queue's messages, held ones included. */
  dropQueue(queue: string): Promise<void>;

  /** Where topology is shared between processes. Without it each connection keeps its own table, as Kombu's virtual transports do. */
  readonly topology?: TopologyRole;
  readonly lease?: LeaseRole;
  readonly fanout?: FanoutRole;
}

export interface QueueStoreManifest
  extends Pick<TransportManifest, 'priority' | 'reach' | 'durability' | 'delay' | 'leaseKeeper' | 'wakeUp'> {
  /** Fan-out goes through queues (a copy for each bound queue), through the store's own role, or is not available. */
  readonly fanout: 'queues' | 'role' | 'none';
  /**
   * Calls take effect in the order in which they are made, also when the one before is still under way (one connection to a server that works
   * them off in turn): pushes and pops overlap then, and nobody waits for a round trip. Default false.
   */
  readonly pipelines?: boolean;
}

export interface QueueStoreContext {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Names this connection's holdings in the store: unique per connection. */
  readonly holder: string;
}

export interface PushEntry {
  readonly queue: string;
  readonly message: Message;
  readonly route: Route;
  /** 0 to 9, already clamped. */
  readonly priority: number;
  /** Whole milliseconds since the epoch after which it must not be delivered. */
  readonly expiresAt?: number;
}

export interface PopRequest {
  readonly queues: readonly string[];
  readonly limit: number;
  readonly noAck: boolean;
}

export interface HeldMessage {
  /** Unique per delivery, not per message: a late settlement never touches the next holder's. */
  readonly tag: string;
  readonly queue: string;
  readonly message: Message;
  readonly route: Route;
  readonly redelivered: boolean;
  readonly deliveryCount?: number;
  readonly expiresAt?: number;
}

export type Settlement =
  | { readonly kind: 'ack'; readonly tag: string }
  /**
   * Back to its queue: `front` is before, `back` behind everything of its priority that waits (whoever gives several back to the front
   * gives the youngest first). `charged`: from now on `redelivered`, and its delivery count grows by one.
   */
  | { readonly kind: 'release'; readonly tag: string; readonly position: 'front' | 'back'; readonly charged: boolean }
  /**
   * Only where `supports.delay`. The message returns to the front of its queue at `dueAt`, uncharged; never before: a store of whole milliseconds rounds a
   * fraction up.
   */
  | { readonly kind: 'park'; readonly tag: string; readonly dueAt: number };

export interface QueueSize {
  readonly waiting: number;
  readonly parked: number;
  readonly held: number;
}

/** Exchanges, queues and bindings that every process sees. All idempotent. */
export interface TopologyRole {
  saveExchange(exchange: ExchangeDeclaration): Promise<void>;
  findExchange(name: string): Promise<ExchangeDeclaration | undefined>;
  deleteExchange(name: string): Promise<void>;
  saveQueue(queue: QueueDeclaration): Promise<void>;
  findQueue(name: string): Promise<QueueDeclaration | undefined>;
  /** Forgets the queue and its bindings (not its messages: that is `dropQueue`). */
  deleteQueue(name: string): Promise<void>;
  saveBinding(binding: BindingDeclaration): Promise<void>;
  deleteBinding(binding: BindingDeclaration): Promise<void>;
  /** Every binding of the exchange. Called at publish time; the virtual channel caches it for a moment. */
  bindings(exchange: string): Promise<readonly BindingDeclaration[]>;
  /**
   * Queues with `x-expires` are kept only while somebody consumes from them, so that the reply and event queues of a process that was
   * killed do not collect messages for ever. Notes that these are in use now (declaring one does so too). Called every third of their
   * `x-expires`.
   */
  touchQueues?(names: readonly string[]): Promise<void>;
  /** Deletes the queues whose `x-expires` has passed unused, with their messages and bindings; resolves with their names. */
  dropUnusedQueues?(): Promise<readonly string[]>;
  /**
   * Present where bindings can go without anybody having deleted them (an eviction, somebody's hand): makes those again that were made
   * through this store. Called with every sweep, so that what consumers need is there for whoever publishes.
   */
  restoreBindings?(): Promise<void>;
}

/**
 * Held messages whose holder fell silent go back to their queues. A lease is per holder: one renewal covers all that it holds.
 */
export interface LeaseRole {
  readonly durationMs: number;
  /** How often to sweep, where that is more often than every third of the duration. */
  readonly sweepEveryMs?: number;
  /** Extends the lease of everything this store's holder holds. */
  renew(): Promise<void>;
  /** Of the given tags, those that are no longer held by this holder. */
  lost(tags: readonly string[]): Promise<readonly string[]>;
  /** Returns messages of expired leases to the front of their queues (charged), whoever held them. Resolves with their number. */
  sweep(): Promise<number>;
  /**
   * How another thread renews the same holder's leases with its own connection: the module exports `openLeaseRenewer(options)` of
   * type {@link OpenLeaseRenewer}; `options` are structured-cloneable. Missing where the store was made from a live object.
   */
  readonly renewer?: { readonly module: string; readonly options: unknown } | undefined;
}

export type OpenLeaseRenewer = (options: never) => Promise<LeaseRenewer>;

export interface LeaseRenewer {
  renew(): Promise<void>;
  close(): Promise<void>;
}

/** What is told to everybody who listens. */
export interface Broadcast {
  readonly route: Route;
  readonly message: Message;
}

/** Publish/subscribe of stores that have it (Redis): nothing is kept for those who do not listen. */
export interface FanoutRole {
  /** Several in their order, in one go where the store can. */
  publish(broadcasts: readonly Broadcast[]): Promise<void>;
  subscribe(
    exchange: string,
    routingKeys: readonly string[],
    onMessage: (message: Message, route: Route) => void,
  ): Promise<{ close(): Promise<void> }>;
}
