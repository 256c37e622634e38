import type { Message, Route } from '../message/message.js';

/**
 * A message in the hands of a consumer. It is settled exactly once, by `ack`, `reject` or `park`; a second call rejects
 * with `MessageStateError`. A delivery that is never settled comes back as the transport's `supports.recovery` says.
 */
export interface Delivery {
  readonly message: Message;
  /** The queue it was taken from. */
  readonly queue: string;
  readonly route: Route;
  /** Delivered before, to whomever. */
  readonly redelivered: boolean;
  /** How many times it was delivered before this one, where the broker counts. */
  readonly deliveryCount?: number;
  /** When the message expires, in milliseconds since the epoch, where that is known. Past only with `ConsumeOptions.includeExpired`. */
  readonly expiresAt?: number;
  /** Unique among the deliveries of its channel. */
  readonly tag: string;
  /** True once one of the settling methods was called. */
  readonly isSettled: boolean;

  /** The work is done: the broker forgets the message. */
  ack(): Promise<void>;
  /** Not done: with `requeue` it is delivered again (to anyone), without it is dropped or dead-lettered. */
  reject(options: RejectOptions): Promise<void>;
  /**
   * Gives the message back to the broker until `dueAt` (milliseconds since the epoch); then it is delivered again, to anyone,
   * not marked as redelivered. Only where `supports.delay`; elsewhere rejects with `NotSupportedError`.
   */
  park(dueAt: number): Promise<void>;
  /**
   * Whether the message is still this consumer's. A delivery whose lease ran out (the process was frozen, the store unreachable) belongs
   * to someone else, and its late result must not be stored. Costs a round trip only when a renewal is overdue.
   */
  isHeld(): boolean | Promise<boolean>;
}

export interface RejectOptions {
  readonly requeue: boolean;
  /**
   * Where a requeued message goes: `back` of its queue (default; it is consumed after what waits) or `front` (it is next; used at
   * shutdown for messages that were not started, which then keep their order).
   */
  readonly position?: 'front' | 'back';
  /**
   * False says that the message was not started, so that its return is not held against it: `redelivered` and the delivery count stay
   * as they were. Default true.
   */
  readonly charged?: boolean;
}
