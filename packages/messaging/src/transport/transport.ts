import type { Clock, Logger } from '@ctq/runtime';
import type { Channel, CloseReason } from './channel.js';
import type { TransportManifest } from './manifest.js';

/**
 * How to reach one kind of broker. The contract for authors:
 * 1. implement only what the broker really does, and say so in `supports`;
 * 2. never retry or reconnect: reject, and the `Connection` façade decides;
 * 3. never log what should be thrown;
 * 4. never touch bytes you were given;
 * 5. settle exactly once;
 * 6. `close` is idempotent and never hangs;
 * 7. no module-level state: two connections in one process do not notice each other (unless they name the same broker);
 * 8. the conformance kit (`@ctq/messaging/conformance`) is green, unmodified.
 */
export interface Transport {
  /** Generation of this contract. */
  readonly spec: 1;
  /** The broker in one word, as in URLs: `redis`, `amqp`, `sqlite`, `memory`. */
  readonly name: string;
  readonly supports: TransportManifest;
  /** For banners and errors: where it leads, with passwords masked. */
  readonly url: string;
  /**
   * @throws TransportConnectionError with `recoverable: false` when trying again cannot help (wrong password, corrupt file).
   *   Aborting the signal rejects with its reason.
   */
  connect(context: TransportContext, signal: AbortSignal): Promise<TransportConnection>;
}

/** What the façade lends to a transport. */
export interface TransportContext {
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface TransportConnection {
  openChannel(): Promise<Channel>;
  /** Idempotent; closes its channels first. */
  close(): Promise<void>;
  /** Resolves, never rejects, when the connection has ended, by us or by the broker (then with the reason). */
  readonly closed: Promise<CloseReason>;
  /** Present where deliveries are leased and the lease can be renewed from another thread. */
  readonly leaseKeeper?: LeaseKeeperRole;
}

/**
 * Renewing leases while the main loop is blocked. Until `start` is called (or where this role is missing) leases are renewed on
 * the main loop. Pools that run tasks on the main loop (`async`, `solo`) start it.
 */
export interface LeaseKeeperRole {
  /** Resolves when the keeper thread renews. */
  start(options: LeaseKeeperOptions): Promise<LeaseKeeper>;
}

export interface LeaseKeeperOptions {
  /** Renewal ends after the main loop was blocked for this long, so that nothing is held for ever. */
  readonly maxBlockedMs: number;
  /** Called on the keeper's word, once the loop turns again, with what it was doing when it was blocked for too long. */
  readonly onBlocked: (report: BlockedReport) => void;
  /**
   * End the process from the keeper thread when the loop was blocked for too long: one line on stderr that names the activity, then SIGKILL
   * (status 137; a thread has no other way past a blocked main loop). Only programs that own the process ask for it.
   */
  readonly exitProcess?: boolean;
}

export interface BlockedReport {
  readonly blockedMs: number;
  /** What `LeaseKeeper.note` was told last. */
  readonly activity: string;
}

export interface LeaseKeeper {
  /** Notes what the main loop is about to do (a task's name and id), for the report of a blocked loop. Cheap: a write to shared memory. */
  note(activity: string): void;
  /** Idempotent. Renewal moves back to the main loop. */
  stop(): Promise<void>;
}
