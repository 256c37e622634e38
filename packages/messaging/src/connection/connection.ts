import type { Clock, Logger } from '@ctq/runtime';
import type { Channel } from '../transport/channel.js';
import type { LeaseKeeper, LeaseKeeperOptions, Transport } from '../transport/transport.js';
import type { ConnectionChange, ConnectionState } from './connection-state.js';
import type { Consumer, ConsumerOptions } from './consumer.js';
import type { FailoverStrategy } from './failover.js';
import type { Producer } from './producer.js';

/**
 * The façade over a transport: lazy, reconnecting, one per role (a program that sends and consumes has two, so that a blocked
 * consumer never delays a publish).
 */
export interface Connection extends AsyncDisposable {
  /** Of several, the one that is connected or tried next. */
  readonly transport: Transport;
  readonly state: ConnectionState;
  /** Resolves when connected; concurrent calls share one attempt. Retries as the options say; the signal ends the wait. */
  connect(signal?: AbortSignal): Promise<void>;
  /** A new channel of its own, connecting first when needed. It is not replaced when the connection is lost: `closed` tells. */
  openChannel(signal?: AbortSignal): Promise<Channel>;
  /** The producer of this connection; its channel is opened on first use and again after a loss. */
  readonly producer: Producer;
  /** Consumes until closed, across reconnects. */
  consume(options: ConsumerOptions): Consumer;
  /** Starts the keeper thread where the transport has leases that can be kept so; undefined elsewhere. Kept across reconnects. */
  keepLeases(options: LeaseKeeperOptions, signal?: AbortSignal): Promise<LeaseKeeper | undefined>;
  /** Tells every move from state to state. Returns the function that ends the telling. */
  onStateChange(listener: (change: ConnectionChange) => void): () => void;
  /** Idempotent; in-flight publishes are awaited (for a moment), consumers are closed, waiting calls are rejected. */
  close(): Promise<void>;
}

export interface ConnectionOptions {
  /**
   * Where the broker is. Several are addresses of one broker (nodes of a cluster, a primary and its replica): the next one is tried at once when
   * one does not answer, and a pause begins when none did. They are of one kind.
   */
  readonly transport: Transport | readonly Transport[];
  /** The order in which several are tried. Default `round-robin`. */
  readonly failoverStrategy?: FailoverStrategy;
  readonly clock?: Clock;
  readonly logger?: Logger;
  readonly retry?: ConnectionRetryOptions;
  /** One attempt takes no longer than this. Default 5,000 (kombu 5.6 connection.py, connect_timeout). */
  readonly connectTimeoutMs?: number;
  /**
   * A publish is over after this, retries and reconnecting included, whatever the broker does; `Infinity` for no limit. Default 30,000.
   */
  readonly publishTimeoutMs?: number;
}

export interface ConnectionRetryOptions {
  /**
   * Rounds after the first, in each of which every address is tried once; `Infinity` by default. 0 fails after one round, and at once when a
   * connection that was had is lost.
   */
  readonly maxRetries?: number;
  /** The same until there was a connection once. Default `maxRetries`. */
  readonly maxRetriesOnStartup?: number;
  /** Longest wait before the first retry; it doubles from there, with full jitter. Default 250. */
  readonly firstMs?: number;
  /** Default 3,000: a consumer has to hear within ten seconds of the broker's return. */
  readonly maxMs?: number;
}
