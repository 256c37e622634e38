import { ChannelClosedError, type Message, type Route } from '@ctq/messaging';
import type { Clock } from '@ctq/runtime';
import type { Channel } from 'amqplib';
import { channelError } from './amqp-errors.js';
import {
  declareDelayedTopology,
  DelayedNames,
  type DelayedTopologyOptions,
  delayedKey,
  deliveredBy,
  keyBehindBits,
  longestDelaySeconds,
} from './delayed-topology.js';
import { Lane } from './lane.js';
import { watchLiveness } from './liveness.js';
import { type ReceivedMessage, routeOf } from './message-fields.js';
import type { Broker } from './open-broker.js';
import { AmqpPublisher } from './publisher.js';
import { AmqpTopology } from './topology.js';

export interface DelayedDeliveryOptions extends DelayedTopologyOptions {
  readonly clock: Clock;
  /** For errors. */
  readonly url: string;
  /** Opens a connection for it alone. */
  readonly connect: () => Promise<Broker>;
}

/** Behind the name of the queue in the key of what ctq parks, so that no binding of Celery's (`#.<key>`) takes a copy. */
const parkedMark = 'ctq';

/** What the broker wrote into the headers while a message waited. */
const brokersHeader = /^x-(?:death$|first-death-|last-death-)/;

/**
 * Keeps messages that are not due in the broker, by Celery's native delayed delivery. Over a connection of its own: a broker whose memory is full stops reading from
 * those that publish, and acknowledgements must not wait for that. It is made when it is needed, and again after a loss.
 */
export class DelayedDelivery {
  readonly #options: DelayedDeliveryOptions;
  readonly #names: DelayedNames;
  readonly #lane: Lane<Channel>;
  readonly #topology: AmqpTopology;
  readonly #publisher: AmqpPublisher;
  #connected: Promise<Broker> | undefined;
  #current: Broker | undefined;
  /** What was declared, and what was bound, since the connection was made. */
  readonly #done = new Map<string, Promise<void>>();
  #isClosed = false;

  constructor(options: DelayedDeliveryOptions) {
    this.#options = options;
    this.#names = new DelayedNames(options.prefix);
    this.#lane = new Lane(async () => await (await this.#broker()).model.createChannel(), options.clock);
    this.#topology = new AmqpTopology(this.#lane, { onQueue: () => undefined, onBinding: () => undefined });
    this.#publisher = new AmqpPublisher(
      {
        openChannel: async () => await (await this.#broker()).model.createConfirmChannel(),
        isBlocked: () => this.#isBlocked(),
      },
      options.clock,
    );
  }

  /** Where a message was sent to, whatever way it took: one that was delayed comes by an exchange of the delays. */
  routeOf(received: ReceivedMessage, queue: string): Route {
    const route = routeOf(received);
    if (!this.#names.isExchange(route.exchange)) return route;
    const key = keyBehindBits(route.routingKey);
    return { exchange: '', routingKey: key === undefined || key === parkedKey(queue) ? queue : key };
  }

  /** Whether so much time is left that the broker can be given it. */
  canWait(dueAt: number): boolean {
    return dueAt - this.#options.clock.now() >= 1_000;
  }

  /** Gives a message back until it is due: for this queue alone. */
  async park(message: Message, queue: string, dueAt: number): Promise<void> {
    await this.delay(message, queue, parkedKey(queue), dueAt);
  }

  /**
   * Resolves when the broker has the message until `dueAt` (in whole seconds, never later), by whose end the queue is given it, and whoever else is bound by that key. What
   * expires with its time to live would leave the waiting room early: the time is taken off, and the receiver goes by the task's own `expires`.
   */
  async delay(message: Message, queue: string, key: string, dueAt: number): Promise<void> {
    await this.#bind(queue, key);
    const { expiration: _expiration, ...properties } = message.properties;
    const headers = Object.fromEntries(Object.entries(message.headers).filter(([name]) => !brokersHeader.test(name)));
    const seconds = Math.max(1, Math.floor((dueAt - this.#options.clock.now()) / 1_000));
    const routingKey = delayedKey(Math.min(seconds, longestDelaySeconds), key);
    const route = { exchange: this.#names.entrance, routingKey };
    await this.#publisher.publish({ ...message, headers, properties }, route, { mandatory: true });
  }

  /** From here on the queue is given what others delay for one of its keys. */
  async serve(queue: string, routingKeys: Iterable<string>): Promise<void> {
    for (const routingKey of routingKeys) await this.#bind(queue, routingKey);
  }

  /** Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const connected = this.#connected;
    this.#connected = undefined;
    const broker = await connected?.catch(() => undefined);
    await Promise.all([this.#publisher.close(), this.#lane.close()]);
    await broker?.model.close().catch(() => undefined);
  }

  async #bind(queue: string, routingKey: string): Promise<void> {
    await this.#once('topology', async () => {
      const { queueType, prefix } = this.#options;
      const channel = await (await this.#broker()).model.createChannel().catch((error: unknown) => {
        throw channelError(error);
      });
      channel.on('error', () => undefined);
      await declareDelayedTopology(this.#topology, channel, { queueType, prefix });
      await channel.close();
    });
    await this.#once(JSON.stringify([queue, routingKey]), () =>
      this.#topology.bindQueue({ queue, exchange: this.#names.delivery, routingKey: deliveredBy(routingKey) }),
    );
  }

  async #once(what: string, work: () => Promise<void>): Promise<void> {
    const doing =
      this.#done.get(what) ??
      work().catch((error: unknown) => {
        this.#done.delete(what);
        throw error;
      });
    this.#done.set(what, doing);
    await doing;
  }

  #isBlocked(): boolean {
    return this.#current?.isBlocked() ?? false;
  }

  #broker(): Promise<Broker> {
    if (this.#isClosed) return Promise.reject(new ChannelClosedError('The connection is closed.'));
    this.#connected ??= this.#connect();
    return this.#connected;
  }

  async #connect(): Promise<Broker> {
    const forget = (): void => {
      this.#connected = undefined;
      this.#current = undefined;
      this.#done.clear();
    };
    try {
      const { connect, clock, url } = this.#options;
      const broker = await connect();
      const isRelied = (): boolean => this.#publisher.unconfirmed > 0 || this.#lane.isBusy;
      watchLiveness({ broker, clock, url, isRelied });
      this.#current = broker;
      broker.model.on('close', forget);
      if (this.#isClosed) await broker.model.close();
      return broker;
    } catch (error) {
      forget();
      throw error;
    }
  }
}

function parkedKey(queue: string): string {
  return `${queue}.${parkedMark}`;
}
