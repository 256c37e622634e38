import { ChannelClosedError } from '@ctq/messaging';
import type { Channel, CloseReason, TransportConnection, TransportContext } from '@ctq/messaging/transport';
import { Deadline, type Deferred, deferred } from '@ctq/runtime';
import { AmqpChannel } from './amqp-channel.js';
import { connectionError } from './amqp-errors.js';
import { BrokerAdvice } from './broker-advice.js';
import type { AmqpConfig } from './amqp-options.js';
import { KnownQueues } from './known-queues.js';
import { DelayedDelivery } from './delayed-delivery.js';
import { watchLiveness } from './liveness.js';
import { type Broker, openBroker } from './open-broker.js';
import { ServerVersion } from './server-version.js';

/** A broker that does not say goodbye is left without. */
const closeWithinMs = 5_000;

/** Where connections of a transport lead, and what they know together. */
export interface AmqpPlace {
  readonly config: AmqpConfig;
  /** Without the password. */
  readonly url: string;
  /** See `AmqpChannelOptions`. */
  readonly served: Set<string>;
}

export class AmqpConnection implements TransportConnection {
  readonly #broker: Broker;
  readonly #context: TransportContext;
  readonly #url: string;
  readonly #delays: DelayedDelivery;
  readonly #queues = new KnownQueues();
  readonly #served: Set<string>;
  readonly #version: ServerVersion;
  readonly #advice: BrokerAdvice;
  readonly #channels = new Set<AmqpChannel>();
  readonly #closed: Deferred<CloseReason> = deferred<CloseReason>();
  /** What was said before the end. */
  #failure: Error | undefined;
  #closing: Promise<void> | undefined;
  #hasEnded = false;

  private constructor(broker: Broker, { config, url, served }: AmqpPlace, context: TransportContext) {
    const { clock, logger } = context;
    this.#broker = broker;
    this.#context = context;
    this.#url = url;
    this.#served = served;
    this.#delays = new DelayedDelivery({
      clock,
      url,
      queueType: config.delayedQueueType,
      prefix: config.delayedPrefix,
      connect: () => openQuietly(config, url),
    });
    const { model } = broker;
    this.#version = new ServerVersion(model.connection.serverProperties);
    this.#advice = new BrokerAdvice(this.#version, logger);
    const isRelied = (): boolean => [...this.#channels].some((channel) => channel.isRelied);
    watchLiveness({ broker, clock, url, isRelied });
    model.on('error', (error) => {
      this.#failure ??= error;
    });
    model.on('close', (error?: Error) => this.#end(this.#failure ?? error));
    model.on('blocked', (reason) => {
      logger.warn({ reason }, `RabbitMQ at ${url} takes no messages for now: ${reason}`);
    });
    model.on('unblocked', () => {
      logger.info(`RabbitMQ at ${url} takes messages again`);
    });
  }

  /** @throws TransportConnectionError, the signal's reason. */
  static async open(place: AmqpPlace, context: TransportContext, signal: AbortSignal): Promise<AmqpConnection> {
    return new AmqpConnection(await openBroker(place.config, place.url, signal), place, context);
  }

  get closed(): Promise<CloseReason> {
    return this.#closed.promise;
  }

  async openChannel(): Promise<Channel> {
    if (this.#hasEnded || this.#closing !== undefined) throw new ChannelClosedError('The connection is closed.');
    const { clock, logger } = this.#context;
    const channel = new AmqpChannel({
      broker: this.#broker,
      clock,
      delays: this.#delays,
      queues: this.#queues,
      version: this.#version,
      advice: this.#advice,
      served: this.#served,
      logger,
      onClosed: (ended) => this.#channels.delete(ended),
    });
    this.#channels.add(channel);
    return channel;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const deadline = Deadline.after(closeWithinMs, this.#context.clock);
    const { model, socket } = this.#broker;
    const leaving = async (): Promise<void> => {
      await Promise.all([...this.#channels].map((channel) => channel.close()));
      await this.#delays.close();
      if (!this.#hasEnded) await model.close();
    };
    const isInTime = await deadline.wait(leaving().catch(() => undefined));
    if (!isInTime) socket.destroy(new Error('The broker did not answer the goodbye.'));
    this.#end(undefined);
  }

  #end(thrown: Error | undefined): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    const reason =
      this.#closing !== undefined
        ? {}
        : { error: connectionError(thrown ?? new Error('closed by the broker'), this.#url, 'Lost the connection to') };
    for (const channel of [...this.#channels]) channel.lose(reason);
    this.#closed.resolve(reason);
    if (this.#closing === undefined) this.#delays.close().catch(() => undefined);
  }
}

/** Whoever relies on it is told by its `close`. */
async function openQuietly(config: AmqpConfig, url: string): Promise<Broker> {
  const broker = await openBroker(config, url, new AbortController().signal);
  broker.model.on('error', () => undefined);
  return broker;
}
