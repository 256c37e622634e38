import type { Batcher, Clock, Logger } from '@ctq/runtime';
import type { LeaseClock } from '../lease/lease-clock.js';
import type { QueueStore, Settlement } from '../store/queue-store.js';
import type { Topology } from '../transport/channel.js';
import type { FanoutListener } from './fanout-listener.js';
import type { Outbox } from './outbox.js';
import type { QueueExpiry } from './queue-expiry.js';
import type { QueueOrder } from './queue-ring.js';
import type { QueueUse } from './queue-use.js';

/** What the channels of one connection share. */
export interface VirtualSession {
  readonly store: QueueStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly pollMs: number;
  readonly queueOrder: QueueOrder;
  readonly topology: Topology;
  readonly use: QueueUse;
  readonly expiry: QueueExpiry;
  readonly outbox: Outbox;
  readonly fanout: FanoutListener;
  readonly settlements: Batcher<Settlement>;
  readonly leases: LeaseClock | undefined;
  /** Ends the connection: the store failed in a way that nothing but a new connection repairs. */
  fail(error: unknown): void;
}
