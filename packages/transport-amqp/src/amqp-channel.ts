import { ChannelClosedError, type Message, type Route } from '@ctq/messaging';
import type {
  BindingDeclaration,
  Channel,
  CloseReason,
  ConsumeOptions,
  Delivery,
  ExchangeDeclaration,
  PublishOptions,
  QueueDeclaration,
  QueueInfo,
  Subscription,
} from '@ctq/messaging/transport';
import { type Clock, type Deferred, deferred, type Logger, toError } from '@ctq/runtime';
import type { Channel as AmqplibChannel } from 'amqplib';
import { AmqpSubscription } from './amqp-subscription.js';
import { channelError } from './amqp-errors.js';
import { answered } from './answer.js';
import type { BrokerAdvice } from './broker-advice.js';
import type { KnownQueues } from './known-queues.js';
import type { DelayedDelivery } from './delayed-delivery.js';
import { Getter } from './getter.js';
import { Lane } from './lane.js';
import type { Broker } from './open-broker.js';
import { PrefetchGate } from './prefetch-gate.js';
import { AmqpPublisher } from './publisher.js';
import { QuorumLog } from './quorum-log.js';
import type { ServerVersion } from './server-version.js';
import { AmqpTopology } from './topology.js';

export interface AmqpChannelOptions {
  readonly broker: Broker;
  readonly clock: Clock;
  readonly delays: DelayedDelivery;
  /** What is known of the queues, over all channels of the connection. */
  readonly queues: KnownQueues;
  readonly version: ServerVersion;
  readonly advice: BrokerAdvice;
  /** Queues for which what delays messages was declared, by whatever connection of the transport. */
  readonly served: Set<string>;
  readonly logger: Logger;
  readonly onClosed: (channel: AmqpChannel) => void;
}

/**
 * A channel of the contract, over several of AMQP's: one to declare, one to publish, and one for each consumer. RabbitMQ refuses by closing the channel that was asked, with
 * everything that is on it; so nothing else is.
 */
export class AmqpChannel implements Channel {
  readonly #options: AmqpChannelOptions;
  readonly #topology: AmqpTopology;
  readonly #declaring: Lane<AmqplibChannel>;
  readonly #publisher: AmqpPublisher;
  readonly #getter: Getter;
  readonly #gate = new PrefetchGate<AmqpSubscription>();
  readonly #subscriptions = new Set<AmqpSubscription>();
  readonly #closed: Deferred<CloseReason> = deferred<CloseReason>();
  #closing: Promise<void> | undefined;
  #isClosed = false;

  constructor(options: AmqpChannelOptions) {
    const { broker, clock, delays, queues } = options;
    this.#options = options;
    this.#declaring = new Lane(() => broker.model.createChannel(), clock);
    this.#topology = new AmqpTopology(this.#declaring, queues);
    this.#publisher = new AmqpPublisher(
      { openChannel: () => broker.model.createConfirmChannel(), isBlocked: broker.isBlocked },
      clock,
    );
    this.#getter = new Getter({ open: () => broker.model.createChannel(), clock, delays });
  }

  get closed(): Promise<CloseReason> {
    return this.#closed.promise;
  }

  /** Whether anybody waits for something to come. */
  get isRelied(): boolean {
    return this.#subscriptions.size > 0 || this.#publisher.unconfirmed > 0 || this.#declaring.isBusy;
  }

  declareExchange(exchange: ExchangeDeclaration): Promise<void> {
    return this.#topology.declareExchange(exchange);
  }

  deleteExchange(name: string, options?: { readonly ifUnused?: boolean }): Promise<void> {
    return this.#topology.deleteExchange(name, options);
  }

  declareQueue(queue: QueueDeclaration): Promise<QueueInfo> {
    return this.#topology.declareQueue(queue);
  }

  deleteQueue(name: string, options?: { readonly ifUnused?: boolean; readonly ifEmpty?: boolean }): Promise<number> {
    return this.#topology.deleteQueue(name, options);
  }

  bindQueue(binding: BindingDeclaration): Promise<void> {
    return this.#topology.bindQueue(binding);
  }

  unbindQueue(binding: BindingDeclaration): Promise<void> {
    return this.#topology.unbindQueue(binding);
  }

  purgeQueue(name: string): Promise<number> {
    return this.#topology.purgeQueue(name);
  }

  publish(message: Message, route: Route, options?: PublishOptions): Promise<void> {
    const notBefore = options?.notBefore;
    if (notBefore === undefined) return this.#publisher.publish(message, route, options);
    return this.#publishLater(message, route, notBefore, options);
  }

  async consume(
    queue: string,
    options: ConsumeOptions,
    onDelivery: (delivery: Delivery) => void,
  ): Promise<Subscription> {
    this.#requireOpen();
    const { broker, clock, delays, queues, version, advice } = this.#options;
    if (options.noAck !== true) advice.consuming(queues.declarationOf(queue));
    const log = queues.isQuorum(queue) ? new QuorumLog(queue, version) : undefined;
    if (log !== undefined) await this.#serve(queue);
    const opening = answered(broker.model.createChannel(), clock, `a channel to consume from queue '${queue}'`);
    const channel = await opening.catch((error: unknown) => {
      throw channelError(error);
    });
    const onEnded = (ended: AmqpSubscription): void => {
      this.#subscriptions.delete(ended);
      this.#share();
    };
    const subscription = await AmqpSubscription.begin(
      { ...options, channel, queue, log, clock, delays, advice, gate: this.#gate, onDelivery, onEnded },
      this.#shareOf(this.#subscriptions.size + 1),
    );
    if (this.#isClosed) {
      await subscription.close();
      this.#requireOpen();
    }
    this.#subscriptions.add(subscription);
    this.#share();
    return subscription;
  }

  async get(queue: string, options?: ConsumeOptions): Promise<Delivery | undefined> {
    this.#requireOpen();
    return await this.#getter.get(queue, options);
  }

  async setPrefetch(count: number): Promise<void> {
    this.#requireOpen();
    this.#gate.limit = count;
    const share = this.#shareOf(this.#subscriptions.size);
    await Promise.all([...this.#subscriptions].map((subscription) => subscription.limitTo(share)));
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** The connection has ended. */
  lose(reason: CloseReason): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#options.onClosed(this);
    this.#closed.resolve(reason);
  }

  /**
   * Declares what delays messages for the queue, where that was not done in this program yet. It outlives connections: after a loss consuming comes first. What comes of it concerns what is delayed, and
   * nobody who waits for other messages.
   */
  async #serve(queue: string): Promise<void> {
    const { delays, queues, served, logger } = this.#options;
    const serving = delays.serve(queue, queues.keysOf(queue)).then(
      () => void served.add(queue),
      (error: unknown) =>
        logger.error({ err: toError(error), queue }, `What others delay for queue '${queue}' is not delivered to it`),
    );
    if (!served.has(queue)) await serving;
  }

  /** As Celery does where there are quorum queues (celery 5.6 app/base.py, send_task): classic ones are given it at once, and their worker gives it back until then. */
  async #publishLater(message: Message, route: Route, dueAt: number, options?: PublishOptions): Promise<void> {
    const { delays, queues } = this.#options;
    const queue = queues.quorumBehind(route);
    if (queue === undefined || !delays.canWait(dueAt)) await this.#publisher.publish(message, route, options);
    else await delays.delay(message, queue, route.routingKey, dueAt);
  }

  /** Of consumers that are given messages at the same time each has its part. */
  #shareOf(consumers: number): number {
    return Math.ceil(this.#gate.limit / Math.max(consumers, 1));
  }

  #share(): void {
    const share = this.#shareOf(this.#subscriptions.size);
    // A channel of AMQP that fails meanwhile ends its subscription, which says why.
    for (const subscription of this.#subscriptions) subscription.limitTo(share).catch(() => undefined);
  }

  async #close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await Promise.all([
      ...[...this.#subscriptions].map((subscription) => subscription.close()),
      this.#getter.close(),
      this.#publisher.close(),
      this.#declaring.close(),
    ]);
    this.#options.onClosed(this);
    this.#closed.resolve({});
  }

  #requireOpen(): void {
    if (this.#isClosed) throw new ChannelClosedError('The channel is closed.');
  }
}
