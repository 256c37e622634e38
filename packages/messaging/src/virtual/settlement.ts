import { MessageStateError } from '../errors.js';
import type { Message, Route } from '../message/message.js';
import type { HeldMessage, Settlement } from '../store/queue-store.js';
import type { Delivery, RejectOptions } from '../transport/delivery.js';

/** What a delivery tells about its settlement; the channel's ledger of unsettled deliveries. */
export interface SettlementDesk {
  settle(delivery: VirtualDelivery, settlement: Settlement): Promise<void>;
  /** Rejects where the store cannot delay; the delivery stays unsettled then. */
  refusePark(): Promise<never> | undefined;
  isHeld(delivery: VirtualDelivery): boolean | Promise<boolean>;
}

/**
 * A held message in the hands of a consumer. It is settled once:
 * ```
 * given ─► acked | rejected | parked          (a second call rejects with MessageStateError)
 *      └─► given back by its channel's close  (settling it then rejects with ChannelClosedError)
 * ```
 * Settlements of one turn of the event loop travel together; their callers share one promise.
 */
export class VirtualDelivery implements Delivery {
  readonly message: Message;
  readonly queue: string;
  readonly route: Route;
  readonly redelivered: boolean;
  readonly deliveryCount?: number;
  readonly expiresAt?: number;
  readonly tag: string;
  /** Takes part in the channel's prefetch: given to a consumer, not fetched by `get`. */
  readonly takesCredit: boolean;
  /** The lease's count of interruptions when the message was taken: see `LeaseClock.generation`. */
  generation: number;
  readonly #desk: SettlementDesk;
  #isSettled = false;

  constructor(held: HeldMessage, desk: SettlementDesk, takesCredit: boolean, generation: number) {
    this.message = held.message;
    this.queue = held.queue;
    this.route = held.route;
    this.redelivered = held.redelivered;
    if (held.deliveryCount !== undefined) this.deliveryCount = held.deliveryCount;
    if (held.expiresAt !== undefined) this.expiresAt = held.expiresAt;
    this.tag = held.tag;
    this.takesCredit = takesCredit;
    this.generation = generation;
    this.#desk = desk;
  }

  get isSettled(): boolean {
    return this.#isSettled;
  }

  ack(): Promise<void> {
    return this.#settle({ kind: 'ack', tag: this.tag });
  }

  /** Without `requeue` the message is gone: virtual transports have no dead-letter exchange (MS-099). */
  reject({ requeue, position = 'back', charged = true }: RejectOptions): Promise<void> {
    return this.#settle(
      requeue ? { kind: 'release', tag: this.tag, position, charged } : { kind: 'ack', tag: this.tag },
    );
  }

  park(dueAt: number): Promise<void> {
    return this.#desk.refusePark() ?? this.#settle({ kind: 'park', tag: this.tag, dueAt });
  }

  isHeld(): boolean | Promise<boolean> {
    return !this.#isSettled && this.#desk.isHeld(this);
  }

  #settle(settlement: Settlement): Promise<void> {
    if (this.#isSettled) return Promise.reject(alreadySettled(this.queue, this.tag));
    this.#isSettled = true;
    return this.#desk.settle(this, settlement);
  }
}

/** A delivery of a consumer without acknowledgements: it is the consumer's for good, settling it has no effect. */
export class UnheldDelivery implements Delivery {
  readonly message: Message;
  readonly queue: string;
  readonly route: Route;
  readonly redelivered: boolean;
  readonly tag: string;
  #isSettled = false;

  constructor(message: Message, queue: string, route: Route, redelivered: boolean, tag: string) {
    this.message = message;
    this.queue = queue;
    this.route = route;
    this.redelivered = redelivered;
    this.tag = tag;
  }

  get isSettled(): boolean {
    return this.#isSettled;
  }

  ack(): Promise<void> {
    return this.#settle();
  }

  reject(): Promise<void> {
    return this.#settle();
  }

  park(): Promise<void> {
    return this.#settle();
  }

  isHeld(): boolean {
    return !this.#isSettled;
  }

  #settle(): Promise<void> {
    if (this.#isSettled) return Promise.reject(alreadySettled(this.queue, this.tag));
    this.#isSettled = true;
    return Promise.resolve();
  }
}

function alreadySettled(queue: string, tag: string): MessageStateError {
  return new MessageStateError(
    `The delivery ${tag} of queue ${queue} is settled already; a delivery is settled once.`,
    {
      details: { queue, tag },
    },
  );
}
