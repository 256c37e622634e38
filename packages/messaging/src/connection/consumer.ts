import type { Queue } from '../entities/queue.js';
import type { Delivery } from '../transport/delivery.js';

/**
 * Consumes from a changing set of queues, and goes on doing so when the connection was lost and is back.
 */
export interface Consumer extends AsyncDisposable {
  /** Names of the queues it consumes from. */
  readonly queues: readonly string[];
  /** Whether every queue is being consumed just now. */
  readonly isConsuming: boolean;
  /** What is wrong: nothing was received for too long although messages wait. Undefined again once something is received, or nothing waits. */
  readonly trouble: string | undefined;
  /** Resolves when every queue is being consumed. */
  start(signal?: AbortSignal): Promise<void>;
  addQueue(queue: Queue): Promise<void>;
  cancelQueue(name: string): Promise<void>;
  /** How many unsettled deliveries it may hold; 0 is no limit. */
  setPrefetch(count: number): Promise<void>;
  /**
   * Idempotent. No delivery is given after it resolves. Those that were given and are not settled stay settleable until `close`.
   */
  stop(): Promise<void>;
  /** Idempotent. Stops, and gives back what is unsettled (front of the queue, uncharged). */
  close(): Promise<void>;
}

export interface ConsumerOptions {
  readonly queues: readonly Queue[];
  readonly prefetch?: number;
  readonly noAck?: boolean;
  /** See `ConsumeOptions.includeExpired`. */
  readonly includeExpired?: boolean;
  /**
   * Set up again also when what the broker refuses cannot be expected to change (a queue that exists with other properties), as often as the
   * connection is retried. Default false: `start` rejects then. After it has started, set-ups are always tried again.
   */
  readonly retryChannelErrors?: boolean;
  /**
   * How long nothing may be received although messages wait and there is room for them. Then it consumes anew, the next time it reconnects,
   * the third time it is stuck. `Infinity` for never. Default 60,000.
   */
  readonly maxSilentMs?: number;
  /** Told that neither consuming anew nor reconnecting helped. What then: end the process, if it is yours. */
  readonly onStuck?: (error: Error) => void;
  /** Called synchronously, in order; an error it throws is logged and the delivery is rejected with requeue. */
  readonly onDelivery: (delivery: Delivery) => void;
  /** Told when consuming was interrupted (with the reason) and when it goes on. */
  readonly onInterrupted?: (error: Error | undefined) => void;
  readonly onResumed?: () => void;
}
