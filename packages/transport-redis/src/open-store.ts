import type { QueueStoreContext } from '@ctq/messaging/store';
import type { Redis } from 'ioredis';
import type { Arrivals } from './arrivals.js';
import type { Subscriber } from '@ctq/redis';

/** What a store has from `open` to `close`, lent to its roles. */
export interface OpenStore {
  readonly client: Redis;
  readonly context: QueueStoreContext;
  readonly subscriber: Subscriber;
  readonly arrivals: Arrivals;
  /** Runs commands. @throws TransportError in place of the client's errors. */
  run<T>(work: (client: Redis) => Promise<T>): Promise<T>;
}
