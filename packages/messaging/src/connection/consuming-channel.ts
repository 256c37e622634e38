import { type Deferred, deferred, type Logger, toError } from '@ctq/runtime';
import { declareQueue } from '../entities/declare.js';
import type { Queue } from '../entities/queue.js';
import type { Channel, CloseReason, Subscription } from '../transport/channel.js';
import type { Delivery } from '../transport/delivery.js';

export interface ConsumingChannelOptions {
  readonly noAck: boolean;
  readonly includeExpired: boolean;
  readonly logger: Logger;
  readonly onDelivery: (delivery: Delivery) => void;
}

/** One channel's life as the channel of a consumer: what it consumes from, until it ends. */
export class ConsumingChannel {
  readonly #channel: Channel;
  readonly #options: ConsumingChannelOptions;
  readonly #subscriptions = new Map<string, Promise<Subscription>>();
  readonly #ended: Deferred<CloseReason> = deferred<CloseReason>();

  constructor(channel: Channel, options: ConsumingChannelOptions) {
    this.#channel = channel;
    this.#options = options;
    void channel.closed.then((reason) => this.#ended.resolve(reason));
  }

  /** Resolves when it is no use any more. */
  get ended(): Promise<CloseReason> {
    return this.#ended.promise;
  }

  /** Declares the queue and consumes from it; once, however often it is called. */
  async consume(queue: Queue): Promise<void> {
    const { name } = queue;
    const subscribing = this.#subscriptions.get(name) ?? this.#subscribe(queue);
    this.#subscriptions.set(name, subscribing);
    try {
      await subscribing;
    } catch (error) {
      if (this.#subscriptions.get(name) === subscribing) this.#subscriptions.delete(name);
      throw error;
    }
  }

  async cancel(name: string): Promise<void> {
    const subscribing = this.#subscriptions.get(name);
    this.#subscriptions.delete(name);
    const subscription = await subscribing;
    await subscription?.cancel();
  }

  async cancelAll(): Promise<void> {
    await Promise.allSettled([...this.#subscriptions.keys()].map((name) => this.cancel(name)));
  }

  /** Consumes from the queue by another subscription in place of the one there is; what was delivered stays settleable. */
  async renew(queue: Queue): Promise<void> {
    const before = this.#subscriptions.get(queue.name);
    const subscribing = this.#subscribe(queue);
    // Before the old one ends: a queue that goes with its last consumer stays.
    this.#subscriptions.set(queue.name, subscribing);
    await subscribing;
    await (await before?.catch(() => undefined))?.cancel();
  }

  /** Nothing is to be expected of it any more, not even that it ends. */
  abandon(error: Error): void {
    this.#ended.resolve({ error });
  }

  async setPrefetch(count: number): Promise<void> {
    await this.#channel.setPrefetch(count);
  }

  async close(): Promise<void> {
    this.#subscriptions.clear();
    await this.#channel.close();
  }

  async #subscribe(queue: Queue): Promise<Subscription> {
    const name = await declareQueue(this.#channel, queue);
    const { includeExpired, onDelivery } = this.#options;
    const noAck = this.#options.noAck || queue.noAck;
    const options = { noAck, includeExpired, arguments: queue.consumerArguments };
    const subscription = await this.#channel.consume(name, options, onDelivery);
    void subscription.ended.then((reason) => this.#onEnded(queue, subscription, reason));
    return subscription;
  }

  /** The broker ended one subscription (its queue was deleted): it is declared and consumed anew, the others go on. */
  async #onEnded(queue: Queue, subscription: Subscription, { error }: CloseReason): Promise<void> {
    const current = await this.#subscriptions.get(queue.name)?.catch(() => undefined);
    if (current !== subscription) return;
    this.#subscriptions.delete(queue.name);
    const stillOpen = Symbol('still open');
    // A channel that ends says so at the same time as its subscriptions: let it speak first.
    if ((await Promise.race([this.#channel.closed, nextTurn(stillOpen)])) !== stillOpen) return;
    this.#options.logger.warn({ err: error, queue: queue.name }, 'The broker ended a subscription; consuming anew');
    try {
      await this.consume(queue);
    } catch (failure) {
      this.#ended.resolve({ error: toError(failure) });
      await this.close();
    }
  }
}

function nextTurn<T>(value: T): Promise<T> {
  return new Promise((resolve) => {
    setImmediate(resolve, value);
  });
}
