import { type Consumer, type Queue, TransportError } from '@ctq/messaging';
import type { Logger } from '@ctq/runtime';

export interface ConsumedQueuesOptions {
  /** Those to begin with. */
  readonly queues: readonly Queue[];
  /** Undefined before the start. */
  readonly consumer: () => Consumer | undefined;
  readonly isStopping: () => boolean;
  readonly logger: Logger;
}

/** What a worker consumes from: a set that is changed while it runs, and kept over reconnects. */
export class ConsumedQueues {
  readonly #options: ConsumedQueuesOptions;
  readonly #byName: Map<string, Queue>;

  constructor(options: ConsumedQueuesOptions) {
    this.#options = options;
    this.#byName = new Map(options.queues.map((queue) => [queue.name, queue]));
  }

  get all(): readonly Queue[] {
    return [...this.#byName.values()];
  }

  /** Resolves when it is consumed; nothing happens where it is already, or the worker is stopping. @throws TransportError when the broker refuses it. */
  async add(queue: Queue): Promise<void> {
    const { consumer, isStopping, logger } = this.#options;
    if (isStopping() || this.#byName.has(queue.name)) return;
    this.#byName.set(queue.name, queue);
    try {
      await consumer()?.addQueue(queue);
    } catch (error) {
      this.#byName.delete(queue.name);
      throw error;
    }
    logger.info(`Started consuming from ${queue.name}`);
  }

  /** What was taken from it is seen to. */
  async cancel(name: string): Promise<void> {
    const { consumer, logger } = this.#options;
    logger.info(`Canceling queue ${name}`);
    if (!this.#byName.delete(name)) return;
    try {
      await consumer()?.cancelQueue(name);
    } catch (error) {
      // The channel is gone, and with it the subscription.
      if (!TransportError.isInstance(error) || !error.recoverable) throw error;
    }
  }
}
