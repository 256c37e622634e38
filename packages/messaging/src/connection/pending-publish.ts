import type { Channel } from '../transport/channel.js';
import type { Declarable } from '../entities/declare.js';
import type { TransportConnection } from '../transport/transport.js';
import { Expiring } from './deadline-line.js';

/** The producer's channel, with what was declared on it. */
export interface Outlet {
  readonly connection: TransportConnection;
  readonly channel: Channel;
  /** By identity, which is what the fast path looks at; others of the same content are found by their key. */
  readonly declared: WeakSet<Declarable>;
  readonly declaredKeys: Set<string>;
  readonly declaring: Map<string, Promise<unknown>>;
  /** How many publishes the broker has answered. */
  answers: number;
  /** Since when, on the monotonic clock, it owes answers, and how many it had given by then. */
  silence: { readonly since: number; readonly answers: number } | undefined;
}

/** A publish from the call to its end, which is the first of: the broker's answer, giving up, the deadline, the caller's signal. */
export class PendingPublish extends Expiring {
  readonly promise: Promise<void>;
  readonly timeoutMs: number;
  /** Somebody works on it at the broker: it is awaited by a close. */
  isUnderWay = false;
  /** It was given to a channel once, so that it may be in its queue. */
  wasHandedOver = false;
  /** The channel that was asked last. */
  outlet: Outlet | undefined = undefined;
  askedAt = 0;
  /** How many answers that channel had given by then. */
  answersBefore = 0;
  lastFailure: unknown = undefined;
  readonly #onExpired: (publish: PendingPublish) => void;
  #resolve: () => void = () => undefined;
  #reject: (reason: unknown) => void = () => undefined;
  #giveUp: AbortController | undefined;
  #isOver = false;

  constructor(timeoutMs: number, onExpired: (publish: PendingPublish) => void) {
    super();
    this.timeoutMs = timeoutMs;
    this.#onExpired = onExpired;
    this.promise = new Promise<void>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Aborted when it is over otherwise than by what is being tried. Only made where something has to be waited for. */
  get givenUp(): AbortSignal {
    this.#giveUp ??= new AbortController();
    return this.#giveUp.signal;
  }

  /** The channel is asked for something that it will answer. @param at on the monotonic clock. */
  ask(outlet: Outlet, at: number): void {
    this.outlet = outlet;
    this.isUnderWay = true;
    this.answersBefore = outlet.answers;
    this.askedAt = at;
  }

  /** It is asked to take the message. */
  handOver(outlet: Outlet, at: number): void {
    this.ask(outlet, at);
    this.wasHandedOver = true;
  }

  override expire(): void {
    this.#onExpired(this);
  }

  succeed(): void {
    this.#isOver = true;
    this.#resolve();
  }

  fail(reason: unknown): void {
    this.#isOver = true;
    this.#reject(reason);
    this.#giveUp?.abort(reason);
  }
}
