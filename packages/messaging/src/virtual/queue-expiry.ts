import { type Clock, type Logger, type Timer, toError } from '@ctq/runtime';
import type { TopologyRole } from '../store/queue-store.js';
import type { QueueUse } from './queue-use.js';

export interface QueueExpiryOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly use: QueueUse;
  readonly role: TopologyRole | undefined;
}

/**
 * Queues with `x-expires` (Celery's reply, event and mailbox queues): keeps those alive that this connection consumes from, and removes
 * the ones that nobody kept alive, so that a process that was killed leaves nothing that fills up.
 */
export class QueueExpiry {
  readonly #options: QueueExpiryOptions;
  readonly #role: TopologyRole | undefined;
  readonly #timers = new Map<string, Timer>();

  constructor(options: QueueExpiryOptions) {
    this.#options = options;
    this.#role = options.role;
  }

  /** A consumer of the queue began. */
  keep(queue: string): void {
    const expiresMs = this.#options.use.expiresMsOf(queue);
    if (expiresMs === undefined || this.#role?.touchQueues === undefined || this.#timers.has(queue)) return;
    this.#arm(queue, expiresMs / 3);
  }

  /** Removes what nobody uses, and makes sure of what this connection does. */
  async sweep(): Promise<void> {
    await this.#role?.restoreBindings?.();
    const dropped = (await this.#role?.dropUnusedQueues?.()) ?? [];
    if (dropped.length > 0)
      this.#options.logger.info({ queues: dropped }, 'Removed queues that nobody used (x-expires)');
  }

  stop(): void {
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
  }

  #arm(queue: string, everyMs: number): void {
    const { clock } = this.#options;
    this.#timers.set(
      queue,
      clock.setTimer(() => void this.#touch(queue, everyMs), everyMs, { background: true }),
    );
  }

  async #touch(queue: string, everyMs: number): Promise<void> {
    if (this.#options.use.consumersOf(queue) === 0) {
      this.#timers.delete(queue);
      return;
    }
    try {
      await this.#role?.touchQueues?.([queue]);
    } catch (error) {
      this.#options.logger.warn({ err: toError(error), queue }, 'Could not mark a queue as used; trying again');
    }
    if (this.#timers.has(queue)) this.#arm(queue, everyMs);
  }
}
