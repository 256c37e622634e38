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
  /** Queues that are tried again beside those that are consumed. */
  readonly #missing = new Set<string>();
  #hasEnded = false;

  constructor(channel: Channel, options: ConsumingChannelOptions) {
    this.#channel = channel;
    this.#options = options;
    void channel.closed.then((reason) => this.#end(reason));
  }

  /** Whether it is no use any more. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Whether no queue is waited for. */
  get isComplete(): boolean {
    return this.#missing.size === 0;
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

  /** Tries again, with pauses, to consume from a queue that could not be consumed from, until it can be, is cancelled, or the channel has ended. Never rejects. */
  async insist(queue: Queue, pause: (attempt: number, error: unknown) => Promise<void>, error: unknown): Promise<void> {
    const { name } = queue;
    this.#missing.add(name);
    let failure = error;
    for (let attempt = 0; this.#missing.has(name) && !this.#hasEnded; attempt += 1) {
      try {
        await pause(attempt, failure);
      } catch {
        // It is stopped.
        return;
      }
      if (!this.#missing.has(name) || this.#hasEnded) return;
      try {
        await this.consume(queue);
        this.#missing.delete(name);
      } catch (thrown) {
        failure = thrown;
      }
    }
  }

  async cancel(name: string): Promise<void> {
    this.#missing.delete(name);
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
    this.#end({ error });
  }

  async setPrefetch(count: number): Promise<void> {
    await this.#channel.setPrefetch(count);
  }

  async close(): Promise<void> {
    this.#missing.clear();
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
      this.#end({ error: toError(failure) });
      await this.close();
    }
  }

  #end(reason: CloseReason): void {
    this.#hasEnded = true;
    this.#missing.clear();
    this.#ended.resolve(reason);
  }
}

function nextTurn<T>(value: T): Promise<T> {
  return new Promise((resolve) => {
    setImmediate(resolve, value);
  });
}
