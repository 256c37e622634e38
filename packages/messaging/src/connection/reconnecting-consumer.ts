import { backoffMs, type Clock, type Logger, toError } from '@ctq/runtime';
import type { Queue } from '../entities/queue.js';
import { TransportError } from '../errors.js';
import type { Delivery } from '../transport/delivery.js';
import { abortable } from './abortable.js';
import { connectionClosed, type Connector } from './connector.js';
import type { Consumer, ConsumerOptions } from './consumer.js';
import { ConsumingChannel } from './consuming-channel.js';

/** The wait before consuming is set up again after a loss; the connection's own retries come on top. */
const retry = { firstMs: 100, maxMs: 3_000, jitter: 'equal' } as const;

export interface ReconnectingConsumerOptions extends ConsumerOptions {
  readonly connector: Connector;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onClosed: (consumer: Consumer) => void;
}

/**
 * Consumes across reconnects: one `ConsumingChannel` after the other.
 * ```
 * start ─► setting up ─► consuming ─┬─ stop ─► stopped: deliveries in hand can still be settled ─ close ─► closed
 *              ▲                    │
 *              └── backoff ◄── lost ┘
 * ```
 * A first set-up that cannot succeed rejects `start`; later failures are retried until `stop`.
 */
export class ReconnectingConsumer implements Consumer {
  readonly #options: ReconnectingConsumerOptions;
  readonly #queues = new Map<string, Queue>();
  readonly #stopping = new AbortController();
  #prefetch: number;
  #channel: ConsumingChannel | undefined;
  #firstSetUp: Promise<void> | undefined;
  #supervising: Promise<void> | undefined;
  #stopped: Promise<void> | undefined;
  #closed: Promise<void> | undefined;

  constructor(options: ReconnectingConsumerOptions) {
    this.#options = options;
    this.#prefetch = options.prefetch ?? 0;
    for (const queue of options.queues) this.#queues.set(queue.name, queue);
  }

  get queues(): readonly string[] {
    return [...this.#queues.keys()];
  }

  async start(signal?: AbortSignal): Promise<void> {
    if (this.#stopping.signal.aborted) throw connectionClosed();
    this.#firstSetUp ??= this.#startOnce();
    try {
      await abortable(this.#firstSetUp, signal);
    } catch (error) {
      if (signal?.aborted === true) await this.close();
      throw error;
    }
  }

  async addQueue(queue: Queue): Promise<void> {
    this.#queues.set(queue.name, queue);
    try {
      await this.#channel?.consume(queue);
    } catch (error) {
      // After a loss it is consumed with the others; what cannot succeed must not keep those from being set up.
      if (isRecoverable(error)) return;
      this.#queues.delete(queue.name);
      throw error;
    }
  }

  async cancelQueue(name: string): Promise<void> {
    this.#queues.delete(name);
    await this.#channel?.cancel(name);
  }

  async setPrefetch(count: number): Promise<void> {
    this.#prefetch = count;
    await this.#channel?.setPrefetch(count);
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #startOnce(): Promise<void> {
    const { connector } = this.#options;
    let attempt = 0;
    for (;;) {
      try {
        await connector.connect(this.#stopping.signal);
        await this.#setUp();
        break;
      } catch (error) {
        this.#stopping.signal.throwIfAborted();
        if (!isRecoverable(error) || connector.state === 'failed' || connector.state === 'closed') throw error;
        await this.#pause(attempt, error);
        attempt += 1;
      }
    }
    this.#supervising = this.#supervise();
  }

  /** Sets up anew whenever the channel ended, until `stop`. */
  async #supervise(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const reason = await this.#channel?.ended;
      if (signal.aborted) return;
      this.#channel = undefined;
      this.#tell(() => this.#options.onInterrupted?.(reason?.error));
      if (!(await this.#setUpAgain())) return;
      this.#tell(() => this.#options.onResumed?.());
    }
  }

  /** False when it was stopped meanwhile. */
  async #setUpAgain(): Promise<boolean> {
    const { signal } = this.#stopping;
    for (let attempt = 0; !signal.aborted; attempt += 1) {
      try {
        await this.#options.connector.next(signal);
        await this.#setUp();
        return true;
      } catch (error) {
        if (signal.aborted || this.#options.connector.state === 'closed') return false;
        await this.#pause(attempt, error).catch(() => undefined);
      }
    }
    return false;
  }

  async #setUp(): Promise<void> {
    const { connector, noAck = false, includeExpired = false, logger } = this.#options;
    const { signal } = this.#stopping;
    const connection = await connector.next(signal);
    const channel = new ConsumingChannel(await connection.openChannel(), {
      noAck,
      includeExpired,
      logger,
      onDelivery: this.#deliver,
    });
    // Known from here on, so that queues added and cancelled meanwhile are not missed.
    this.#channel = channel;
    try {
      await channel.setPrefetch(this.#prefetch);
      for (const queue of this.#queues.values()) {
        signal.throwIfAborted();
        await channel.consume(queue);
      }
      signal.throwIfAborted();
    } catch (error) {
      this.#channel = undefined;
      await channel.close();
      throw error;
    }
  }

  async #pause(attempt: number, error: unknown): Promise<void> {
    const { clock, logger } = this.#options;
    const delayMs = backoffMs(attempt, retry);
    logger.warn({ err: toError(error), queues: this.queues }, 'Cannot consume; trying again');
    await clock.sleep(delayMs, this.#stopping.signal);
  }

  readonly #deliver = (delivery: Delivery): void => {
    try {
      this.#options.onDelivery(delivery);
    } catch (error) {
      this.#options.logger.error(
        { err: toError(error), queue: delivery.queue },
        'A consumer threw; its message is requeued',
      );
      if (delivery.isSettled) return;
      // A settlement that fails ends the connection, and the message comes back by itself.
      delivery.reject({ requeue: true }).catch(() => undefined);
    }
  };

  #tell(listener: () => void): void {
    try {
      listener();
    } catch (error) {
      this.#options.logger.error({ err: toError(error) }, 'A listener of a consumer threw');
    }
  }

  async #stop(): Promise<void> {
    this.#stopping.abort(connectionClosed());
    await this.#firstSetUp?.catch(() => undefined);
    await this.#channel?.cancelAll();
  }

  async #close(): Promise<void> {
    await this.stop();
    await this.#channel?.close();
    await this.#supervising;
    this.#options.onClosed(this);
  }
}

function isRecoverable(error: unknown): boolean {
  return TransportError.isInstance(error) && error.recoverable;
}
