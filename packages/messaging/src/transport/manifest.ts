/**
 * What a transport can do: the only place where a limitation is declared. It drives the behaviour of the façades, the table in the
 * documentation and the skips of the conformance kit.
 */
export interface TransportManifest {
  readonly exchangeTypes: readonly ExchangeType[];
  /** Which number is the most urgent, or that priorities have no effect. Redis: `low-first` (0 is urgent); AMQP: `high-first`. */
  readonly priority: 'high-first' | 'low-first' | 'none';
  /** Who can see the same queues: this process, this host, or everyone who reaches the broker. */
  readonly reach: 'process' | 'host' | 'network';
  /** What survives: nothing, kill -9 of every client, or the broker's own restart as well. */
  readonly durability: 'none' | 'client-loss' | 'broker-restart';
  /** Parks a delivery until a due time without holding it in the consumer (`Delivery.park`). */
  readonly delay: boolean;
  /** What is parked counts as waiting in its queue and is purged with it. RabbitMQ keeps it elsewhere. */
  readonly countsParked: boolean;
  /**
   * `reject` honours `position` and `charged`, and closing returns messages to the front, uncharged. Elsewhere (AMQP) the broker decides where
   * a requeued message goes, and marks it as redelivered.
   */
  readonly requeueControl: boolean;
  /**
   * Deliveries of a consumer that died come back by themselves: when its connection drops (`connection`), when its lease runs
   * out (`lease`), or never (`none`).
   */
  readonly recovery: 'connection' | 'lease' | 'none';
  /** Whether leases can be renewed while the main loop is blocked (needs a store made from cloneable options). */
  readonly leaseKeeper: boolean;
  /** `Message.properties.expiration` and queue TTLs are honoured. */
  readonly messageTtl: boolean;
  /**
   * `publish` with `mandatory` rejects when no queue took the message: the broker says so with its confirm (`free`), or it has to be asked for each of them (`asked`).
   */
  readonly mandatory: 'free' | 'asked' | 'none';
  /** How a consumer learns of a new message: pushed, hinted, or found by polling every so many milliseconds. */
  readonly wakeUp: 'push' | 'hint' | { readonly pollMs: number };
}

export const exchangeTypes = ['direct', 'topic', 'fanout', 'headers'] as const;
export type ExchangeType = (typeof exchangeTypes)[number];
