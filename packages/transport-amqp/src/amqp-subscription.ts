import { randomUUID } from 'node:crypto';
import { ChannelClosedError } from '@ctq/messaging';
import type { CloseReason, ConsumeOptions, Delivery, Subscription } from '@ctq/messaging/transport';
import { type Clock, type Deferred, deferred, toError } from '@ctq/runtime';
import type { Channel, ConsumeMessage } from 'amqplib';
import type { AmqpDelivery } from './amqp-delivery.js';
import { channelError } from './amqp-errors.js';
import { answered } from './answer.js';
import type { BrokerAdvice } from './broker-advice.js';
import type { DelayedDelivery } from './delayed-delivery.js';
import { Desk } from './desk.js';
import { toFieldTable } from './field-table.js';
import type { PrefetchGate } from './prefetch-gate.js';
import type { QuorumLog } from './quorum-log.js';

export interface AmqpSubscriptionOptions extends ConsumeOptions {
  readonly channel: Channel;
  readonly queue: string;
  /** Undefined: it is no quorum queue, as far as is known. */
  readonly log: QuorumLog | undefined;
  readonly clock: Clock;
  readonly delays: DelayedDelivery;
  readonly advice: BrokerAdvice;
  readonly gate: PrefetchGate<AmqpSubscription>;
  readonly onDelivery: (delivery: Delivery) => void;
  /** It is over, and so is its channel. */
  readonly onEnded: (subscription: AmqpSubscription) => void;
}

/** A change of less than this part of the limit is not worth a new consumer: the gate sees to the rest. */
const noticed = 1 / 4;

/**
 * A consumer, with a channel of AMQP to itself: what the broker has to say against it (a message that was held for longer than `consumer_timeout`) concerns no other. How many
 * messages it may hold is the broker's count for a consumer (`basic.qos` with global false: the only one that quorum queues have), which stays as it was when the
 * consumer began: another limit is another consumer, in place of the one before.
 */
export class AmqpSubscription implements Subscription {
  readonly consumerTag: string;
  readonly #options: AmqpSubscriptionOptions;
  readonly #desk: Desk;
  readonly #ended: Deferred<CloseReason> = deferred<CloseReason>();
  /** The consumer that is given messages now. */
  #tag: string;
  #limit = 0;
  #wanted = 0;
  #renewals = 0;
  #adjusting: Promise<void> | undefined;
  #refusal: Error | undefined;
  #cancelling: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  #inHand = 0;
  #isOver = false;

  private constructor(options: AmqpSubscriptionOptions) {
    const { channel, clock, delays, gate, consumerTag } = options;
    this.#options = options;
    this.consumerTag = consumerTag ?? `ctag-${randomUUID()}`;
    this.#tag = this.consumerTag;
    this.#desk = new Desk({
      channel,
      clock,
      delays,
      onSettled: () => {
        this.#inHand -= 1;
        gate.leave();
      },
      onIdle: () => this.#closeWhenDone(),
      redeliver: (delivery) => this.#give(delivery),
    });
    channel.on('error', (error) => {
      this.#refusal = toError(error);
    });
    channel.on('close', () => this.#onChannelClosed());
  }

  /** @throws TransportError by what the broker said. The channel is its own from here on. */
  static async begin(options: AmqpSubscriptionOptions, limit: number): Promise<AmqpSubscription> {
    const subscription = new AmqpSubscription(options);
    try {
      subscription.#wanted = limit;
      await subscription.#consume(limit);
      return subscription;
    } catch (error) {
      const refusal = subscription.#refusal;
      // A channel that does not answer does not take leave either.
      void subscription.close();
      throw channelError(refusal ?? error);
    }
  }

  get ended(): Promise<CloseReason> {
    return this.#ended.promise;
  }

  /** Another limit; 0 for none. Resolves when it is the broker's. */
  async limitTo(limit: number): Promise<void> {
    this.#wanted = limit;
    // What is wanted may change again while somebody works on it.
    while (this.#isOff()) {
      this.#adjusting ??= this.#renew(this.#wanted).finally(() => {
        this.#adjusting = undefined;
      });
      await this.#adjusting;
    }
  }

  cancel(): Promise<void> {
    this.#cancelling ??= this.#cancel();
    return this.#cancelling;
  }

  /** Idempotent. What is not settled goes back. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #consume(limit: number): Promise<void> {
    const { channel, queue, noAck = false, exclusive = false, arguments: given = {} } = this.#options;
    if (!noAck) await this.#answered(channel.prefetch(limit, false));
    const tag = this.#renewals === 0 ? this.consumerTag : `${this.consumerTag}.${this.#renewals}`;
    this.#desk.catchUp();
    const consuming = channel.consume(queue, (message) => this.#onMessage(tag, message), {
      consumerTag: tag,
      noAck,
      exclusive,
      arguments: toFieldTable(given),
    });
    await this.#answered(consuming);
    this.#tag = tag;
    this.#limit = limit;
  }

  async #answered<Answer>(asked: Promise<Answer>): Promise<Answer> {
    return await answered(asked, this.#options.clock, `the consumer of queue '${this.#options.queue}'`);
  }

  #isOff(): boolean {
    if (this.#options.noAck === true || this.#isOver || this.#cancelling !== undefined) return false;
    if (this.#wanted === 0 || this.#limit === 0) return this.#wanted !== this.#limit;
    return Math.abs(this.#wanted - this.#limit) > this.#limit * noticed;
  }

  /** The new one begins before the old one ends: a queue that goes with its last consumer stays. */
  async #renew(limit: number): Promise<void> {
    const { channel, exclusive = false } = this.#options;
    const before = this.#tag;
    this.#renewals += 1;
    try {
      if (exclusive) await this.#answered(channel.cancel(before));
      await this.#consume(limit);
      if (!exclusive) await this.#answered(channel.cancel(before));
    } catch (error) {
      // A channel that has ended says so itself; one that does not answer is given up.
      if (this.#isOver) return;
      const refusal = channelError(this.#refusal ?? error);
      this.#desk.lose();
      channel.close().catch(() => undefined);
      this.#end({ error: refusal });
      throw refusal;
    }
  }

  #onMessage(tag: string, message: ConsumeMessage | null): void {
    if (message === null) {
      if (tag === this.#tag) void this.#onCancelled();
      return;
    }
    // It goes back with the channel.
    if (!this.#desk.isOpen) return;
    const { queue, noAck = false, onDelivery } = this.#options;
    const delivery = this.#desk.book(message, queue, noAck);
    if (noAck) onDelivery(delivery);
    else this.#give(delivery);
  }

  #give(delivery: AmqpDelivery): void {
    const { gate, onDelivery } = this.#options;
    gate.arrive({
      owner: this,
      give: () => {
        this.#inHand += 1;
        onDelivery(delivery);
      },
      giveBack: () => void this.#desk.giveBack(delivery),
    });
  }

  /** The broker ended it: its queue was deleted, or its node went away. */
  async #onCancelled(): Promise<void> {
    const { queue } = this.#options;
    this.#ended.resolve({ error: new ChannelClosedError(`The broker ended the consumer of queue '${queue}'.`) });
    await this.cancel();
  }

  async #cancel(): Promise<void> {
    const { channel, gate } = this.#options;
    await this.#adjusting?.catch(() => undefined);
    if (!this.#isOver) {
      this.#desk.catchUp();
      await this.#answered(channel.cancel(this.#tag)).catch(() => undefined);
    }
    gate.withdraw(this);
    this.#ended.resolve({});
    this.#closeWhenDone();
  }

  /** The channel is of no use any more when nothing that came over it can be settled. */
  #closeWhenDone(): void {
    if (this.#cancelling !== undefined && this.#desk.count === 0) void this.close();
  }

  async #close(): Promise<void> {
    this.#desk.close();
    // What has not got through the gate goes back with the channel.
    this.#options.gate.withdraw(this);
    if (!this.#isOver) await this.#answered(this.#leave()).catch(() => undefined);
    this.#end({});
  }

  async #leave(): Promise<void> {
    const { channel, log } = this.#options;
    if (log !== undefined && this.#desk.isAhead) {
      // Where a consumer comes or goes just now, that may do.
      await this.#adjusting?.catch(() => undefined);
      await this.#cancelling;
      const consumer = this.#cancelling === undefined ? this.#tag : undefined;
      if (this.#desk.isAhead) await log.reach(channel, consumer);
    }
    await channel.close();
  }

  #onChannelClosed(): void {
    const refusal = this.#refusal;
    this.#desk.lose();
    const { advice, queue } = this.#options;
    if (refusal === undefined) this.#end({});
    else this.#end({ error: advice.consumerTimeout(refusal, queue) ?? channelError(refusal) });
  }

  #end(reason: CloseReason): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const { gate, onEnded } = this.#options;
    gate.withdraw(this);
    gate.leave(this.#inHand);
    this.#inHand = 0;
    this.#ended.resolve(reason);
    onEnded(this);
  }
}
