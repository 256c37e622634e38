import { backoffMs, type Clock, type Logger, toError } from '@ctq/runtime';
import { staysDeclared } from '../entities/declare.js';
import { type Queue, queueDeclaration } from '../entities/queue.js';
import { TopologyNotFoundError, TransportError } from '../errors.js';
import type { Delivery } from '../transport/delivery.js';
import type { TransportConnection } from '../transport/transport.js';
import { abortable } from './abortable.js';
import { connectionClosed, type Connector } from './connector.js';
import type { Consumer, ConsumerOptions } from './consumer.js';
import { ConsumingChannel } from './consuming-channel.js';
import { ProgressWatchdog, type WatchedCondition, type WatchedConsumer } from './progress-watchdog.js';
import { UnsettledDeliveries } from './unsettled-deliveries.js';

/** The wait before consuming is set up again after a loss; the connection's own retries come on top. */
const retry = { firstMs: 100, maxMs: 3_000, jitter: 'equal' } as const;

const defaultMaxSilentMs = 60_000;

/** How often a first set-up is tried again when a queue is gone as soon as it is declared. */
const mostVanished = 5;

export interface ReconnectingConsumerOptions extends ConsumerOptions {
  readonly connector: Connector;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How often a first set-up is tried again with `retryChannelErrors`. */
  readonly maxRetries: number;
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
  readonly #watchdog: ProgressWatchdog;
  readonly #unsettled = new UnsettledDeliveries();
  #prefetch: number;
  /** The set-up under way; aborted when its broker is taken for gone. */
  #settingUp: AbortController | undefined;
  #channel: ConsumingChannel | undefined;
  #firstSetUp: Promise<void> | undefined;
  #supervising: Promise<void> | undefined;
  #stopped: Promise<void> | undefined;
  #closed: Promise<void> | undefined;

  constructor(options: ReconnectingConsumerOptions) {
    this.#options = options;
    this.#prefetch = options.prefetch ?? 0;
    for (const queue of options.queues) this.#queues.set(queue.name, queue);
    const { clock, logger, maxSilentMs: afterMs = defaultMaxSilentMs } = options;
    this.#watchdog = new ProgressWatchdog({ consumer: this.#watched(), afterMs, clock, logger });
  }

  get queues(): readonly string[] {
    return [...this.#queues.keys()];
  }

  get isConsuming(): boolean {
    const isSetUp = this.#channel !== undefined && this.#settingUp === undefined && this.#supervising !== undefined;
    return (
      isSetUp &&
      this.#channel?.isComplete === true &&
      !this.#stopping.signal.aborted &&
      this.#options.connector.current !== undefined
    );
  }

  get trouble(): string | undefined {
    return this.#watchdog.finding;
  }

  async start(signal?: AbortSignal): Promise<void> {
    if (this.#stopping.signal.aborted) throw connectionClosed();
    this.#watchdog.start();
    this.#firstSetUp ??= this.#startOnce();
    try {
      await abortable(this.#firstSetUp, signal);
    } catch (error) {
      if (signal?.aborted === true) await this.close();
      else this.#watchdog.stop();
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
        if (connector.state === 'failed' || connector.state === 'closed') throw error;
        if (!isRecoverable(error) && !this.#insists(error, attempt) && !this.#hasVanished(error, attempt)) throw error;
        await this.#pause(attempt, error);
        attempt += 1;
      }
    }
    this.#supervising = this.#supervise();
  }

  /** A queue that goes with its last consumer may go with somebody else's, between its declaration and ours: it is declared again. */
  #hasVanished(error: unknown, attempt: number): boolean {
    const mayVanish = [...this.#queues.values()].some((queue) => !staysDeclared(queue));
    return mayVanish && TopologyNotFoundError.isInstance(error) && attempt < mostVanished;
  }

  #insists(error: unknown, attempt: number): boolean {
    const { retryChannelErrors = false, maxRetries } = this.#options;
    return retryChannelErrors && TransportError.isInstance(error) && attempt < maxRetries;
  }

  /** Sets up anew whenever the channel ended, until `stop`. */
  async #supervise(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const reason = await this.#channel?.ended;
      if (signal.aborted) return;
      this.#channel = undefined;
      this.#unsettled.clear();
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
        const { connector } = this.#options;
        if (signal.aborted || connector.state === 'closed') return false;
        // Given up: nobody is trying, until somebody asks for the connection again.
        if (connector.state === 'failed') await connector.revived(signal).catch(() => undefined);
        else await this.#pause(attempt, error).catch(() => undefined);
      }
    }
    return false;
  }

  async #setUp(): Promise<void> {
    const settingUp = new AbortController();
    const connection = await this.#options.connector.next(this.#stopping.signal);
    this.#settingUp = settingUp;
    this.#watchdog.rest();
    try {
      await abortable(this.#setUpOver(connection, settingUp.signal), settingUp.signal);
      this.#watchdog.rest();
    } catch (error) {
      if (settingUp.signal.aborted) this.#channel = undefined;
      throw error;
    } finally {
      if (this.#settingUp === settingUp) this.#settingUp = undefined;
    }
  }

  async #setUpOver(connection: TransportConnection, abandoned: AbortSignal): Promise<void> {
    const { noAck = false, includeExpired = false, logger } = this.#options;
    const { signal } = this.#stopping;
    const opened = await connection.openChannel();
    const channel = new ConsumingChannel(opened, { noAck, includeExpired, logger, onDelivery: this.#deliver });
    if (abandoned.aborted) return void channel.close().catch(() => undefined);
    // Known from here on, so that queues added and cancelled meanwhile are not missed.
    this.#channel = channel;
    try {
      await channel.setPrefetch(this.#prefetch);
      await this.#consumeAll(channel, abandoned);
      signal.throwIfAborted();
      abandoned.throwIfAborted();
    } catch (error) {
      if (this.#channel === channel) this.#channel = undefined;
      await channel.close();
      throw error;
    }
  }

  /**
   * A queue that cannot be consumed from just now (RabbitMQ answers nothing for a quorum queue without a leader) does not keep the others waiting, but at the start, which is told of it.
   */
  async #consumeAll(channel: ConsumingChannel, abandoned: AbortSignal): Promise<void> {
    const { signal } = this.#stopping;
    const queues = [...this.#queues.values()];
    const failed = new Map<Queue, Error>();
    for (const queue of queues) {
      signal.throwIfAborted();
      abandoned.throwIfAborted();
      try {
        await channel.consume(queue);
      } catch (error) {
        if (!isRecoverable(error) || channel.hasEnded || this.#supervising === undefined) throw error;
        failed.set(queue, toError(error));
      }
    }
    const [first] = failed.values();
    if (failed.size === queues.length && first !== undefined) throw first;
    for (const [queue, error] of failed)
      void channel.insist(queue, (attempt, failure) => this.#pause(attempt, failure, [queue.name]), error);
  }

  async #pause(attempt: number, error: unknown, queues: readonly string[] = this.queues): Promise<void> {
    const { clock, logger } = this.#options;
    const delayMs = backoffMs(attempt, retry);
    logger.warn({ err: toError(error), queues }, 'Cannot consume; trying again');
    await clock.sleep(delayMs, this.#stopping.signal);
  }

  readonly #deliver = (delivery: Delivery): void => {
    this.#watchdog.progress();
    if (!this.#takesWithoutAck(delivery.queue)) this.#unsettled.add(delivery);
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

  #takesWithoutAck(queue: string): boolean {
    return this.#options.noAck === true || this.#queues.get(queue)?.noAck === true;
  }

  #watched(): WatchedConsumer {
    const { connector } = this.#options;
    return {
      get url() {
        return connector.transport.url;
      },
      queues: () => [...this.#queues.values()].filter(isWatched),
      condition: (queue) => this.#condition(queue),
      look: (queue, sure) => this.#look(queue, sure),
      resubscribe: async () => {
        for (const queue of this.#queues.values()) await this.#channel?.renew(queue);
      },
      reconnect: (error) => this.#reconnect(error),
      onStuck: (error) => this.#onStuck(error),
    };
  }

  #condition({ name }: Queue): WatchedCondition {
    if (this.#options.connector.current === undefined) return 'away';
    if (this.#settingUp !== undefined) return 'setting-up';
    if (this.#channel === undefined) return 'away';
    const hasRoom = this.#prefetch === 0 || this.#takesWithoutAck(name) || this.#unsettled.count < this.#prefetch;
    return hasRoom ? 'ready' : 'full';
  }

  /** Over a channel of its own: a broker may end one for asking about a queue that is not there. */
  async #look(queue: Queue, sure: boolean): Promise<boolean> {
    const { connector } = this.#options;
    const channel = await connector.current?.openChannel();
    if (channel === undefined) return false;
    try {
      const { messageCount } = await channel.declareQueue({ ...queueDeclaration(queue), passive: true });
      // Where messages can be parked they are counted although they are not due.
      if (messageCount === 0 || !sure || !connector.transport.supports.countsParked) return messageCount > 0;
      const delivery = await channel.get(queue.name, { includeExpired: true });
      await delivery?.reject({ requeue: true, position: 'front', charged: false });
      return delivery !== undefined;
    } catch (error) {
      if (TopologyNotFoundError.isInstance(error)) return false;
      throw error;
    } finally {
      channel.close().catch(() => undefined);
    }
  }

  #reconnect(error: Error): void {
    const { connector } = this.#options;
    if (connector.current !== undefined) connector.replace(connector.current, error);
    this.#settingUp?.abort(error);
    this.#channel?.abandon(error);
  }

  #onStuck(error: Error): void {
    const { onStuck, logger } = this.#options;
    if (onStuck === undefined) logger.error({ err: error }, error.message);
    else this.#tell(() => onStuck(error));
  }

  async #stop(): Promise<void> {
    this.#watchdog.stop();
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

/** Of these a consumer may rightly be given nothing while messages wait: the broker prefers another one, or has named the queue. */
function isWatched({ name, arguments: given, consumerArguments }: Queue): boolean {
  return name !== '' && given['x-single-active-consumer'] !== true && consumerArguments['x-priority'] === undefined;
}

function isRecoverable(error: unknown): boolean {
  return TransportError.isInstance(error) && error.recoverable;
}
