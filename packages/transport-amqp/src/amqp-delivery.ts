import { type Message, MessageStateError, type Route } from '@ctq/messaging';
import type { Delivery, RejectOptions } from '@ctq/messaging/transport';
import type { Unsettled } from './acknowledgements.js';
import { deliveryCountOf, messageOf, type ReceivedMessage, routeOf } from './message-fields.js';

/** Where a delivery is settled. */
export interface SettlementDesk {
  /** Whether the channel that it came over is there. */
  readonly isOpen: boolean;
  acknowledge(delivery: AmqpDelivery): Promise<void>;
  reject(delivery: AmqpDelivery, requeue: boolean): Promise<void>;
  park(delivery: AmqpDelivery, dueAt: number): Promise<void>;
}

export class AmqpDelivery implements Delivery {
  readonly message: Message;
  readonly queue: string;
  readonly route: Route;
  readonly redelivered: boolean;
  readonly deliveryCount?: number;
  readonly tag: string;
  /** As it came, for whoever delivers it again. */
  readonly received: ReceivedMessage;
  /** Undefined for one that is nobody's to settle (no-ack). */
  readonly unsettled: Unsettled | undefined;
  readonly #desk: SettlementDesk;
  #isSettled = false;

  constructor(
    received: ReceivedMessage,
    {
      queue,
      tag,
      unsettled,
      desk,
      route = routeOf(received),
    }: { queue: string; tag: string; unsettled: Unsettled | undefined; desk: SettlementDesk; route?: Route },
  ) {
    this.received = received;
    this.message = messageOf(received);
    this.queue = queue;
    this.route = route;
    this.redelivered = received.fields.redelivered;
    const count = deliveryCountOf(received);
    if (count !== undefined) this.deliveryCount = count;
    this.tag = tag;
    this.unsettled = unsettled;
    this.#desk = desk;
  }

  get isSettled(): boolean {
    return this.#isSettled;
  }

  ack(): Promise<void> {
    return this.#settle() ?? this.#desk.acknowledge(this);
  }

  reject({ requeue }: RejectOptions): Promise<void> {
    return this.#settle() ?? this.#desk.reject(this, requeue);
  }

  park(dueAt: number): Promise<void> {
    return this.#settle() ?? this.#desk.park(this, dueAt);
  }

  isHeld(): boolean {
    return this.#desk.isOpen && !this.#isSettled;
  }

  #settle(): Promise<void> | undefined {
    if (this.#isSettled)
      return Promise.reject(new MessageStateError(`Delivery ${this.tag} of queue ${this.queue} is settled already.`));
    this.#isSettled = true;
    return this.unsettled === undefined ? Promise.resolve() : undefined;
  }
}
