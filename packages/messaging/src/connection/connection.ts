import type { Clock, Logger } from '@ctq/runtime';
import type { Channel } from '../transport/channel.js';
import type { LeaseKeeper, LeaseKeeperOptions, Transport } from '../transport/transport.js';
import type { Consumer, ConsumerOptions } from './consumer.js';
import type { Producer } from './producer.js';

/**
 * The façade over a transport: lazy, reconnecting, one per role (a program that sends and consumes has two, so that a blocked
 * consumer never delays a publish).
 */
export interface Connection extends AsyncDisposable {
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
  /** Tells every change of state, with the error that caused it. Returns the function that ends the telling. */
  onStateChange(listener: (state: ConnectionState, error: Error | undefined) => void): () => void;
  /** Idempotent; in-flight publishes are awaited (for a moment), consumers are closed, waiting calls are rejected. */
  close(): Promise<void>;
}

/**
 * ```
 * idle ─► connecting ─► connected ─┐
 *           ▲    │ failed          │ lost
 *           │    ▼                 │
 *        waiting-to-retry ◄────────┘      connecting ─► failed: retries used up, or trying again cannot help
 * ```
 * `connect` leaves `failed` again; `closed` is for good.
 */
export type ConnectionState = 'idle' | 'connecting' | 'connected' | 'waiting-to-retry' | 'failed' | 'closed';

export interface ConnectionOptions {
  readonly transport: Transport;
  readonly clock?: Clock;
  readonly logger?: Logger;
  readonly retry?: ConnectionRetryOptions;
  /** One attempt takes no longer than this. Default 5,000 (kombu 5.6 connection.py, connect_timeout). */
  readonly connectTimeoutMs?: number;
}

export interface ConnectionRetryOptions {
  /** Attempts after the first; `Infinity` by default. 0 fails at once, also when a connection that was had is lost. */
  readonly maxRetries?: number;
  /** Longest wait before the first retry; it doubles from there, with full jitter. Default 250. */
  readonly firstMs?: number;
  /** Default 3,000: a consumer has to hear within ten seconds of the broker's return. */
  readonly maxMs?: number;
}
