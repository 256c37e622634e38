import { randomUUID } from 'node:crypto';
import type { QueueStore } from '../store/queue-store.js';
import type { ExchangeType, TransportManifest } from '../transport/manifest.js';
import type { Transport } from '../transport/transport.js';
import type { QueueOrder } from './queue-ring.js';
import { VirtualConnection } from './virtual-connection.js';

export interface VirtualTransportOptions {
  /** How often a waiting consumer looks although no hint came. Default 5,000. */
  readonly pollMs?: number;
  /**
   * How long bindings of a shared topology are remembered. Default 250: a queue bound by another process gets broadcasts after that long
   * at most. 0 reads them for every batch of publishes.
   */
  readonly bindingsFreshMs?: number;
  /** Default `round-robin`: a queue that gave something goes to the end. */
  readonly queueOrder?: QueueOrder;
  /** Takes messages that no binding leads anywhere; without it they are dropped with a warning. */
  readonly deadLetterQueue?: string;
  /** What happens to held messages of a connection that ended without closing. Default `lease` where the store has leases, else `none`. */
  readonly recovery?: TransportManifest['recovery'];
}

/**
 * A transport over a queue store: exchanges, routing, consumers, prefetch, settle-once deliveries, TTL and the loops are supplied here;
 * see the README beside this file.
 *
 * @param createStore makes a store that is not open yet. Called once for its manifest and once for each connection.
 */
export function virtualTransport(createStore: () => QueueStore, options: VirtualTransportOptions = {}): Transport {
  const { name, url, supports: storeSupports, topology, lease } = createStore();
  const exchangeTypes: ExchangeType[] =
    storeSupports.fanout === 'none' ? ['direct', 'topic'] : ['direct', 'topic', 'fanout'];
  const supports: TransportManifest = {
    exchangeTypes,
    priority: storeSupports.priority,
    reach: storeSupports.reach,
    durability: storeSupports.durability,
    delay: storeSupports.delay,
    countsParked: storeSupports.delay,
    leaseKeeper: storeSupports.leaseKeeper,
    wakeUp: storeSupports.wakeUp,
    recovery: options.recovery ?? (lease === undefined ? 'none' : 'lease'),
    requeueControl: true,
    messageTtl: true,
    mandatory: topology === undefined ? 'none' : 'asked',
  };
  return {
    spec: 1,
    name,
    url,
    supports,
    async connect(context, signal) {
      signal.throwIfAborted();
      const store = createStore();
      try {
        await store.open({ ...context, holder: randomUUID() }, signal);
        signal.throwIfAborted();
      } catch (error) {
        // The reason of the failed opening is the one to tell.
        await store.close().catch(() => undefined);
        throw error;
      }
      return new VirtualConnection({
        store,
        context,
        supports,
        pollMs: options.pollMs ?? 5_000,
        bindingsFreshMs: options.bindingsFreshMs ?? 250,
        queueOrder: options.queueOrder ?? 'round-robin',
        ...(options.deadLetterQueue === undefined ? {} : { deadLetterQueue: options.deadLetterQueue }),
      });
    },
  };
}
