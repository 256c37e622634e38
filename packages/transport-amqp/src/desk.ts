import { ChannelClosedError } from '@ctq/messaging';
import { type Clock, type Timer, toError } from '@ctq/runtime';
import type { Channel, Message as AmqpMessage } from 'amqplib';
import { Acknowledgements } from './acknowledgements.js';
import { channelError } from './amqp-errors.js';
import { AmqpDelivery, type SettlementDesk } from './amqp-delivery.js';
import type { DelayedDelivery } from './delayed-delivery.js';
import type { ReceivedMessage } from './message-fields.js';

export interface DeskOptions {
  readonly channel: Channel;
  readonly clock: Clock;
  readonly delays: DelayedDelivery;
  /** One is in nobody's hands any more. */
  readonly onSettled: () => void;
  /** None is left that could be settled. */
  readonly onIdle: () => void;
  /** Gives a delivery to the consumer once more; without one nothing is kept here until it is due. */
  readonly redeliver?: (delivery: AmqpDelivery) => void;
}

/** After so long a message that could not be parked is delivered again, and may be parked then. */
const retryMs = 10_000;

/** Where what came over one channel of AMQP is settled. */
export class Desk implements SettlementDesk {
  readonly #options: DeskOptions;
  readonly #acknowledgements: Acknowledgements;
  readonly #kept = new Set<Timer>();
  #booked = 0;
  #isOpen = true;
  #isAhead = false;

  constructor(options: DeskOptions) {
    this.#options = options;
    this.#acknowledgements = new Acknowledgements(options.channel, () => {
      this.#isAhead = true;
    });
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** How many are not settled. */
  get count(): number {
    return this.#acknowledgements.count;
  }

  /** Whether something was settled for good that the broker has not answered: its queue may not have heard of it. */
  get isAhead(): boolean {
    return this.#isAhead;
  }

  /** What is asked of the broker now it answers when the queue has all that was settled before. */
  catchUp(): void {
    this.#isAhead = false;
  }

  book(received: ReceivedMessage, queue: string, noAck: boolean): AmqpDelivery {
    const { deliveryTag } = received.fields;
    return new AmqpDelivery(received, {
      queue,
      tag: this.#nextTag(),
      unsettled: noAck ? undefined : this.#acknowledgements.add(deliveryTag),
      desk: this,
      route: this.#options.delays.routeOf(received, queue),
    });
  }

  acknowledge(delivery: AmqpDelivery): Promise<void> {
    return this.#refused(delivery) ?? this.#settled(this.#acknowledge(delivery));
  }

  reject(delivery: AmqpDelivery, requeue: boolean): Promise<void> {
    return this.#refused(delivery) ?? this.#settled(this.#reject(delivery, requeue));
  }

  /** Nobody was given it. */
  async giveBack(delivery: AmqpDelivery): Promise<void> {
    if (this.#isOpen) await this.#reject(delivery, true);
  }

  async park(delivery: AmqpDelivery, dueAt: number): Promise<void> {
    const { clock, delays, redeliver } = this.#options;
    await this.#refused(delivery);
    this.#options.onSettled();
    if (redeliver !== undefined && !delays.canWait(dueAt)) return this.#keep(delivery, dueAt - clock.now(), redeliver);
    try {
      await delays.park(delivery.message, delivery.queue, dueAt);
    } catch (error) {
      // Given back it would come again at once, and be parked again, in vain.
      if (this.#isOpen && redeliver !== undefined)
        this.#keep(delivery, Math.min(dueAt - clock.now(), retryMs), redeliver);
      else if (this.#isOpen) await this.#reject(delivery, true);
      throw channelError(error);
    }
    await this.#acknowledge(delivery);
    this.#lookIdle();
  }

  /** What is not settled goes back to its queue. Acknowledgements of this turn are sent first. */
  close(): void {
    if (!this.#isOpen) return;
    try {
      this.#acknowledgements.flush();
    } catch {
      // The channel has ended by itself.
    }
    this.lose();
  }

  /** The channel has ended. */
  lose(): void {
    this.#isOpen = false;
    this.#acknowledgements.end();
    for (const timer of this.#kept) timer.cancel();
    this.#kept.clear();
  }

  #nextTag(): string {
    this.#booked += 1;
    const { ch } = this.#options.channel as unknown as { readonly ch: number };
    return `${ch}.${this.#booked}`;
  }

  #refused({ queue, tag }: AmqpDelivery): Promise<never> | undefined {
    if (this.#isOpen) return undefined;
    const message = `The channel of delivery ${tag} (queue ${queue}) has ended; the message is delivered again.`;
    return Promise.reject(new ChannelClosedError(message, { details: { queue, tag } }));
  }

  #settled(settling: Promise<void>): Promise<void> {
    this.#options.onSettled();
    this.#lookIdle();
    return settling;
  }

  #lookIdle(): void {
    if (this.#acknowledgements.count === 0) this.#options.onIdle();
  }

  async #acknowledge({ unsettled }: AmqpDelivery): Promise<void> {
    if (unsettled === undefined) return;
    try {
      await this.#acknowledgements.acknowledge(unsettled);
    } catch (error) {
      throw channelError(error);
    }
  }

  async #reject({ unsettled }: AmqpDelivery, requeue: boolean): Promise<void> {
    if (unsettled === undefined) return;
    this.#acknowledgements.remove(unsettled);
    if (!requeue) this.#isAhead = true;
    try {
      // All that amqplib reads of the message.
      this.#options.channel.nack({ fields: { deliveryTag: unsettled.tag } } as AmqpMessage, false, requeue);
    } catch (error) {
      throw channelError(toError(error));
    }
  }

  #keep(delivery: AmqpDelivery, forMs: number, redeliver: (delivery: AmqpDelivery) => void): void {
    const { received, queue, unsettled, route } = delivery;
    const timer = this.#options.clock.setTimer(() => {
      this.#kept.delete(timer);
      redeliver(new AmqpDelivery(received, { queue, tag: this.#nextTag(), unsettled, desk: this, route }));
    }, forMs);
    this.#kept.add(timer);
  }
}
