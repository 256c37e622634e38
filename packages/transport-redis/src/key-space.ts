/** Names of keys and channels (kombu 5.6 transport/redis.py, Channel). */
export interface KeySpaceOptions {
  /** Before every key and channel. With braces in it (`{shop}`) all keys are in one slot of a cluster. */
  readonly prefix: string;
  /** Priorities are rounded down to these; one list each. The first is the queue's own name. */
  readonly prioritySteps: readonly number[];
  /** Between a queue's name and a step, and between the parts of a binding. */
  readonly separator: string;
  readonly unackedKey: string;
  readonly unackedIndexKey: string;
  readonly unackedMutexKey: string;
}

/** The keys of one broker: Kombu's, and beside them ctq's own (`ctq.…`), of which Kombu takes no notice. */
export class KeySpace {
  /** Hash: tag → `[envelope, exchange, routing key]` of a held or parked message. */
  readonly unacked: string;
  /** Sorted set: tag → seconds since the epoch from which on Kombu's visibility timeout counts. */
  readonly unackedIndex: string;
  readonly unackedMutex: string;
  /** Sorted set: holder → end of its lease in milliseconds since the epoch, by the server's clock. */
  readonly leases: string;
  /** Hashes: name → what ctq programs have declared. */
  readonly exchanges: string;
  readonly queues: string;
  /** Sorted set: queue with an `x-expires` → when it goes unless it is used, in milliseconds since the epoch, by the server's clock. */
  readonly expiries: string;
  /** Text: tells the database from one that was emptied meanwhile. */
  readonly era: string;
  /** Sorted set: exchange → when its bindings go unless a consumer of a queue with an `x-expires` refreshes them (Kombu 5.7). */
  readonly bindingDeadlines: string;
  readonly #options: KeySpaceOptions;

  constructor(options: KeySpaceOptions) {
    this.#options = options;
    const { prefix } = options;
    this.unacked = prefix + options.unackedKey;
    this.unackedIndex = prefix + options.unackedIndexKey;
    this.unackedMutex = prefix + options.unackedMutexKey;
    this.leases = `${prefix}ctq.leases`;
    this.exchanges = `${prefix}ctq.exchanges`;
    this.queues = `${prefix}ctq.queues`;
    this.expiries = `${prefix}ctq.expires`;
    this.era = `${prefix}ctq.era`;
    this.bindingDeadlines = `${prefix}_kombu.binding_deadlines`;
  }

  /** Set of what a holder holds: `<tag> <queue>`. */
  heldBy(holder: string): string {
    return `${this.#options.prefix}ctq.held.${holder}`;
  }

  /** Sorted set of a queue's parked messages: tag → due time in milliseconds since the epoch. */
  delayed(queue: string): string {
    return `${this.#options.prefix}ctq.delayed.${queue}`;
  }

  /** Set of an exchange's bindings. */
  bindings(exchange: string): string {
    return `${this.#options.prefix}_kombu.binding.${exchange}`;
  }

  /** Set of an exchange's bindings that last, those of queues without an `x-expires`: while it has members, Kombu keeps the table. */
  lastingBindings(exchange: string): string {
    return `${this.#options.prefix}_kombu.binding_permanent.${exchange}`;
  }

  /** Set of what ctq programs have bound a queue to and not unbound: `<exchange>\x06\x16<routing key>`. */
  boundTo(queue: string): string {
    return `${this.#options.prefix}ctq.bound.${queue}`;
  }

  /** A member of that set. */
  boundMember(exchange: string, routingKey: string): string {
    return exchange + this.#options.separator + routingKey;
  }

  /** Between the parts of a binding. */
  get separator(): string {
    return this.#options.separator;
  }

  /** The queue's lists, the most urgent first. */
  lists(queue: string): readonly string[] {
    return this.#options.prioritySteps.map((_, index) => this.#list(queue, index));
  }

  /** The list for a priority (kombu 5.6 transport/redis.py, Channel._q_for_pri and priority). */
  listFor(queue: string, priority: number): string {
    const { prioritySteps } = this.#options;
    let index = prioritySteps.length - 1;
    while (index > 0 && (prioritySteps[index] ?? 0) > priority) index -= 1;
    return this.#list(queue, index);
  }

  /** A member of a binding set: routing key, pattern and queue. */
  bindingMember(routingKey: string, pattern: string, queue: string): string {
    return [routingKey, pattern, queue].join(this.#options.separator);
  }

  /** The parts of a member; undefined for what is none. */
  readBinding(
    member: string,
  ): { readonly routingKey: string; readonly pattern: string; readonly queue: string } | undefined {
    const parts = member.split(this.#options.separator);
    const [routingKey, pattern, queue] = parts;
    if (parts.length < 3 || routingKey === undefined || pattern === undefined) return undefined;
    return queue === undefined || queue === '' ? undefined : { routingKey, pattern, queue };
  }

  #list(queue: string, index: number): string {
    const { prefix, prioritySteps, separator } = this.#options;
    return index === 0 ? prefix + queue : `${prefix}${queue}${separator}${prioritySteps[index]}`;
  }
}
