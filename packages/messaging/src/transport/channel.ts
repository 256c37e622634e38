import type { Message, Route } from '../message/message.js';
import type { Delivery } from './delivery.js';
import type { ExchangeType } from './manifest.js';

/**
 * AMQP's semantics, split by role so that callers ask for the smallest. Brokers that have them implement this interface; all others
 * implement `QueueStore` and get it from the virtual channel.
 */
export interface Channel extends Topology, Publisher, Subscriber {
  /** Idempotent. Subscriptions end, unsettled deliveries go back to their queues (`front`, uncharged). */
  close(): Promise<void>;
  /** Resolves, never rejects, when the channel has ended, by us or by the broker (then with the reason). */
  readonly closed: Promise<CloseReason>;
}

export interface CloseReason {
  readonly error?: Error;
}

export interface Topology {
  /**
   * Idempotent. Declaring an existing name with other properties rejects with `TopologyMismatchError`.
   * @throws TopologyNotFoundError with `passive`, when it does not exist; nothing is created then.
   */
  declareExchange(exchange: ExchangeDeclaration): Promise<void>;
  /** @throws TopologyMismatchError with `ifUnused`, when something is bound to it. Deleting what does not exist is fine. */
  deleteExchange(name: string, options?: { readonly ifUnused?: boolean }): Promise<void>;
  /** As `declareExchange`. An empty name makes the broker choose one, which is returned. */
  declareQueue(queue: QueueDeclaration): Promise<QueueInfo>;
  /**
   * Resolves with the number of messages that were deleted with it. Deleting what does not exist is fine.
   * @throws TopologyMismatchError when the queue has a consumer (`ifUnused`) or a message (`ifEmpty`); it stays then (AMQP 406).
   */
  deleteQueue(name: string, options?: { readonly ifUnused?: boolean; readonly ifEmpty?: boolean }): Promise<number>;
  bindQueue(binding: BindingDeclaration): Promise<void>;
  unbindQueue(binding: BindingDeclaration): Promise<void>;
  /** Deletes what waits (and what is parked), not what is held by consumers. Resolves with the number of deleted messages. */
  purgeQueue(name: string): Promise<number>;
}

export interface ExchangeDeclaration {
  readonly name: string;
  readonly type: ExchangeType;
  readonly durable: boolean;
  readonly autoDelete: boolean;
  readonly passive?: boolean;
  readonly arguments?: Readonly<Record<string, unknown>>;
}

export interface QueueDeclaration {
  readonly name: string;
  readonly durable: boolean;
  readonly exclusive: boolean;
  readonly autoDelete: boolean;
  readonly passive?: boolean;
  /** Broker arguments: `x-message-ttl`, `x-expires`, `x-max-priority`, `x-queue-type`, … */
  readonly arguments?: Readonly<Record<string, unknown>>;
}

export interface QueueInfo {
  readonly name: string;
  /** Messages that wait; parked ones are counted, held ones are not. */
  readonly messageCount: number;
  readonly consumerCount: number;
}

export interface BindingDeclaration {
  readonly exchange: string;
  readonly queue: string;
  readonly routingKey: string;
  readonly arguments?: Readonly<Record<string, unknown>>;
}

export interface Publisher {
  /**
   * Resolves when the broker has taken responsibility for the message (what that covers: `supports.durability`).
   * @throws UnroutableError with `mandatory`, when no queue took it.
   */
  publish(message: Message, route: Route, options?: PublishOptions): Promise<void>;
}

export interface PublishOptions {
  readonly mandatory?: boolean;
  /**
   * Nobody needs the message before, in milliseconds since the epoch: a broker that can delay messages may keep it until then (at most a second less). A hint, which receivers do not
   * rely on.
   */
  readonly notBefore?: number;
}

export interface Subscriber {
  /**
   * Starts to deliver. `onDelivery` is called synchronously, one delivery at a time, in the order of the queue; it must not throw.
   * Without `noAck` at most `prefetch` deliveries of the channel are unsettled at any time.
   */
  consume(queue: string, options: ConsumeOptions, onDelivery: (delivery: Delivery) => void): Promise<Subscription>;
  /** Takes one message if there is one. */
  get(queue: string, options?: ConsumeOptions): Promise<Delivery | undefined>;
  /** How many unsettled deliveries the channel's consumers may hold together; 0 is no limit. Takes effect for what is delivered from now on. */
  setPrefetch(count: number): Promise<void>;
}

export interface ConsumeOptions {
  /**
   * The message is the consumer's for good when it is delivered: settling it has no effect, and it is lost if the consumer dies. Default
   * false.
   */
  readonly noAck?: boolean;
  /**
   * Deliver what has expired too, with its `expiresAt`, where it is the consumer's side that drops it (virtual transports): a worker tells
   * the caller. A broker that drops expired messages by itself goes on doing so. Default false.
   */
  readonly includeExpired?: boolean;
  readonly consumerTag?: string;
  readonly exclusive?: boolean;
  readonly arguments?: Readonly<Record<string, unknown>>;
}

export interface Subscription {
  readonly consumerTag: string;
  /** Idempotent. After it resolves no new delivery is given; deliveries given before stay the consumer's to settle. */
  cancel(): Promise<void>;
  /** Resolves when the subscription has ended, by `cancel` or because the broker ended it (queue deleted, channel closed). */
  readonly ended: Promise<CloseReason>;
}
