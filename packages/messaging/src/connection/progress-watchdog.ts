import { type Clock, Deadline, formatDuration, type Logger, type Timer, toError } from '@ctq/runtime';
import type { Queue } from '../entities/queue.js';
import { ConsumerStuckError, TransportConnectionError } from '../errors.js';

/** A broker that takes longer than this for a small question is taken for gone. */
const answerWithinMs = 10_000;
/** What has just arrived, or found room, is on its way to a sound consumer: it gets this long, or as long as it may be silent. */
const graceMs = 5_000;

/** A consumer as the watchdog sees it. */
export interface WatchedConsumer {
  readonly url: string;
  queues(): readonly Queue[];
  /**
   * Whether it could be given a message of the queue: not while it is `away` (whoever reconnects looks after that), nor while it is `full`.
   * `setting-up` is for a moment.
   */
  condition(queue: Queue): WatchedCondition;
  /**
   * Whether messages wait in the queue. A first look may count what cannot be delivered yet; one that is `sure` does not.
   */
  look(queue: Queue, sure: boolean): Promise<boolean>;
  /** Consumes anew over the same channel: what is in hand stays there. */
  resubscribe(): Promise<void>;
  /** Makes a new connection in place of this one. */
  reconnect(error: Error): void;
  onStuck(error: Error): void;
}

export type WatchedCondition = 'away' | 'setting-up' | 'full' | 'ready';

export interface ProgressWatchdogOptions {
  readonly consumer: WatchedConsumer;
  /** For how long nothing has to have been received; `Infinity` for never. */
  readonly afterMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Notices a consumer that has gone deaf: nothing was received for a while although messages wait and there is room for them.
 * ```
 * silent for afterMs ─► a message waits? ─► still after a moment? ─► 1st time: consume anew
 *        ▲                   │ no                │ no                2nd: a new connection
 *        └───────────────────┴───────────────────┘                  3rd: stuck, which is for the owner of the process
 * ```
 * Whatever is received starts it all over. It asks one small question per `afterMs` of silence, about one queue after the other, and nothing while
 * messages come. A broker that does not answer the question is reconnected to.
 */
export class ProgressWatchdog {
  readonly #options: ProgressWatchdogOptions;
  readonly #stopping = new AbortController();
  #quietSince = 0;
  /** How often it has been noticed in a row. */
  #alarms = 0;
  #finding: string | undefined;
  #turn = 0;
  #timer: Timer | undefined;

  constructor(options: ProgressWatchdogOptions) {
    this.#options = options;
  }

  /** What it has noticed, until something is received or nothing waits any more. */
  get finding(): string | undefined {
    return this.#finding;
  }

  /** Idempotent. */
  start(): void {
    if (this.#timer !== undefined || this.#stopping.signal.aborted) return;
    this.rest();
    this.#watch(this.#options.afterMs);
  }

  stop(): void {
    this.#timer?.cancel();
    this.#stopping.abort();
  }

  /** Something was received. */
  progress(): void {
    this.#alarms = 0;
    this.#finding = undefined;
    this.rest();
  }

  /** From here on silence counts anew. */
  rest(): void {
    this.#quietSince = this.#options.clock.monotonic();
  }

  #watch(delayMs: number): void {
    if (delayMs === Number.POSITIVE_INFINITY || this.#stopping.signal.aborted) return;
    // It keeps the process alive, as the socket of a consumer would: one that is deaf may have nothing else that does.
    this.#timer = this.#options.clock.setTimer(() => void this.#onTimer(), delayMs);
  }

  async #onTimer(): Promise<void> {
    const { afterMs, clock, logger } = this.#options;
    const leftMs = this.#quietSince + afterMs - clock.monotonic();
    if (leftMs > 0) return this.#watch(leftMs);
    try {
      await this.#examine();
    } catch (error) {
      if (!this.#stopping.signal.aborted) logger.debug({ err: toError(error) }, 'Could not look after a consumer');
    }
    this.#watch(afterMs);
  }

  async #examine(): Promise<void> {
    const { consumer, clock } = this.#options;
    const queues = consumer.queues();
    const queue = queues[this.#turn % Math.max(queues.length, 1)];
    if (queue === undefined) return this.rest();
    const condition = consumer.condition(queue);
    if (condition === 'setting-up') return await this.#examineSetUp(queue);
    if (condition !== 'ready') return this.rest();
    const since = this.#quietSince;
    if (!(await this.#finds(queue, false))) return this.#next();
    await clock.sleep(Math.min(graceMs, this.#options.afterMs), this.#stopping.signal);
    if (this.#quietSince !== since || consumer.condition(queue) !== 'ready') return;
    if (!(await this.#finds(queue, true))) return this.#next();
    if (this.#quietSince === since && !this.#stopping.signal.aborted) await this.#sound(queue);
  }

  #next(): void {
    this.#finding = undefined;
    this.#turn += 1;
  }

  async #finds(queue: Queue, sure: boolean): Promise<boolean> {
    const { consumer } = this.#options;
    const looking = consumer.look(queue, sure);
    if (await this.#inTime(looking)) return await looking;
    this.#reconnect(`${consumer.url} has not answered for ${formatDuration(answerWithinMs)}.`);
    return false;
  }

  async #examineSetUp(queue: Queue): Promise<void> {
    const { consumer, clock } = this.#options;
    const since = this.#quietSince;
    await clock.sleep(answerWithinMs, this.#stopping.signal);
    if (this.#quietSince === since && consumer.condition(queue) === 'setting-up')
      this.#reconnect(`Consuming could not be set up at ${consumer.url} for ${formatDuration(answerWithinMs)}.`);
  }

  /** Something has to be done about it: more each time. */
  async #sound(queue: Queue): Promise<void> {
    const { consumer, logger, clock } = this.#options;
    const silence = formatDuration(Math.round(clock.monotonic() - this.#quietSince));
    const finding = `Nothing was received for ${silence} although messages wait in '${queue.name}'`;
    this.#alarms += 1;
    this.#finding = `${finding}.`;
    if (this.#alarms === 1) {
      logger.warn({ queue: queue.name }, `${finding}; consuming anew`);
      if (await this.#inTime(consumer.resubscribe()).catch(() => false)) return this.rest();
      this.#alarms = 2;
    }
    if (this.#alarms > 2) consumer.onStuck(new ConsumerStuckError(`${finding}, over a new connection too.`));
    this.#reconnect(`${finding}.`);
  }

  #reconnect(why: string): void {
    this.rest();
    this.#options.consumer.reconnect(new TransportConnectionError(why, { recoverable: true }));
  }

  async #inTime(work: Promise<unknown>): Promise<boolean> {
    const isInTime = await Deadline.after(answerWithinMs, this.#options.clock).wait(work);
    if (!isInTime) work.catch(() => undefined);
    return isInTime;
  }
}
