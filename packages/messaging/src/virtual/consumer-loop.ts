import { type Clock, deferred, type Timer } from '@ctq/runtime';
import type { QueueStore } from '../store/queue-store.js';
import type { Intake } from './intake.js';
import type { RingConsumer } from './queue-ring.js';

export interface ConsumerLoopOptions {
  readonly store: Pick<QueueStore, 'wait'>;
  readonly intake: Intake;
  readonly clock: Clock;
  /** How often empty queues are looked at although no hint came. */
  readonly pollMs: number;
  readonly onFailure: (error: unknown) => void;
}

/**
 * Decides when one channel looks for messages.
 * ```
 * resting ──nudge──► scheduled ──next turn of the event loop──► looking ─┬─ found all it asked for ──► scheduled
 *    ▲                   ▲                                               ├─ found less, not listening ─► scheduled (and listens)
 *    └─ no use for one ──┼───────────────────────────────────────────────┤
 *                        └────────── hint, poll, new consumer ─ waiting ◄┴─ found less, listening
 * ```
 * It listens (`store.wait`) before the look that makes it wait, so no arrival falls between the two. A turn of the event loop lies between
 * two looks: settlements made meanwhile add up to one pop, and nothing else in the process starves.
 */
export class ConsumerLoop {
  readonly #options: ConsumerLoopOptions;
  readonly #intake: Intake;
  #state: 'resting' | 'scheduled' | 'looking' | 'waiting' | 'stopped' = 'resting';
  /** Somebody nudged while a look was under way. */
  #isNudged = false;
  #listening: AbortController | undefined;
  /** The last look left nothing behind, so the next one may be the one that makes us wait. */
  #wasShort = true;
  #poll: Timer | undefined;
  #turning: Promise<void> | undefined;
  readonly #abandoned = deferred();

  constructor(options: ConsumerLoopOptions) {
    this.#options = options;
    this.#intake = options.intake;
  }

  add(consumer: RingConsumer, noAck: boolean): void {
    this.#intake.add(consumer, noAck);
    this.#listenAnew();
    this.nudge();
  }

  /** Resolves when nothing will be delivered to it any more; what was taken for it meanwhile is back in its queue. */
  async remove(consumer: RingConsumer): Promise<void> {
    this.#intake.remove(consumer);
    this.#listenAnew();
    // The others are listened to again, and not only at the next poll.
    this.nudge();
    await this.#lookUnderWay();
  }

  /** Idempotent. As `remove`, for all consumers and for good. */
  async stop(): Promise<void> {
    this.#state = 'stopped';
    this.#intake.clear();
    this.#listening?.abort();
    this.#poll?.cancel();
    await this.#lookUnderWay();
  }

  /** The store is gone: stops, and whoever waits for a look that may never end does so no longer. */
  abandon(): void {
    this.#abandoned.resolve();
    void this.stop();
  }

  /** Something changed: look again, soon. */
  nudge(): void {
    if (this.#state === 'looking') this.#isNudged = true;
    else if (this.#state === 'resting' || this.#state === 'waiting') this.#schedule();
  }

  /** A settlement made room for another delivery; only of interest when that was what was missing. */
  onCredit(): void {
    if (this.#intake.isStarved) this.nudge();
  }

  #schedule(): void {
    this.#poll?.cancel();
    this.#state = 'scheduled';
    setImmediate(() => {
      if (this.#state === 'scheduled') this.#turning = this.#turn();
    });
  }

  async #turn(): Promise<void> {
    this.#state = 'looking';
    this.#isNudged = false;
    try {
      if (this.#wasShort && this.#intake.isHungry) this.#listen();
      const wasListening = this.#listening !== undefined;
      const outcome = await this.#intake.take();
      this.#turning = undefined;
      if (this.#hasStopped()) return;
      this.#wasShort = outcome !== 'full';
      if (this.#isNudged || outcome === 'full' || (outcome === 'short' && !wasListening)) this.#schedule();
      else if (outcome === 'short') this.#wait();
      else this.#state = 'resting';
    } catch (error) {
      this.#turning = undefined;
      if (!this.#hasStopped()) this.#options.onFailure(error);
    }
  }

  async #lookUnderWay(): Promise<void> {
    if (this.#turning !== undefined) await Promise.race([this.#turning, this.#abandoned.promise]);
  }

  #hasStopped(): boolean {
    return this.#state === 'stopped';
  }

  /** The poll behind the hints. Its timer keeps the process alive, as the socket of a consumer would. */
  #wait(): void {
    this.#state = 'waiting';
    this.#poll = this.#options.clock.setTimer(() => this.nudge(), this.#options.pollMs);
  }

  #listen(): void {
    if (this.#listening !== undefined) return;
    const listening = new AbortController();
    this.#listening = listening;
    this.#options.store.wait(this.#intake.queues, listening.signal).then(
      () => {
        if (this.#listening !== listening) return;
        this.#listening = undefined;
        if (this.#intake.isHungry) this.nudge();
      },
      (error: unknown) => {
        if (this.#listening === listening && !this.#hasStopped()) this.#options.onFailure(error);
      },
    );
  }

  /** The set of queues changed: what is being listened to is another set's. */
  #listenAnew(): void {
    const listening = this.#listening;
    this.#listening = undefined;
    this.#wasShort = true;
    listening?.abort();
  }
}
