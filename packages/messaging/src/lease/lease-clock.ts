import { type Clock, type Logger, type Timer, toError } from '@ctq/runtime';
import { TransportConnectionError } from '../errors.js';
import type { LeaseRole } from '../store/queue-store.js';
import { LeaseState, threadSharedNow } from './lease-state.js';

/** A delivery as far as its lease is concerned. */
export interface LeasedDelivery {
  readonly tag: string;
  generation: number;
}

export interface LeaseClockOptions {
  readonly lease: LeaseRole;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Spreads the sweeps of a fleet. */
  readonly random?: () => number;
  /** Called with the error that ends the connection. */
  readonly onLost: (error: Error) => void;
  /** Called when messages of expired leases went back to their queues. */
  readonly onSwept: () => void;
  /** Called with every sweep, for what else has to be swept. */
  readonly alsoSweep?: () => Promise<void>;
}

/**
 * Keeps the lease of one connection's holder on the main loop:
 * 1. renews every third of its duration while anything is held, unless a keeper thread does;
 * 2. sweeps expired leases, anybody's, every third of the duration (more often where the lease says so) once this connection consumes; always
 *    after its own renewal, so that a loop that was blocked does not sweep its own messages;
 * 3. knows without asking whether a delivery is still ours, as long as no renewal is overdue.
 */
export class LeaseClock {
  readonly state: LeaseState = new LeaseState();
  readonly #options: LeaseClockOptions;
  readonly #lease: LeaseRole;
  readonly #clock: Clock;
  /** From the injected clock to the one that the keeper thread reads. */
  readonly #offsetMs: number;
  #held = 0;
  #isSweeping = false;
  #keepersElsewhere = 0;
  #isClosed = false;
  #timer: Timer | undefined;
  #ticking: Promise<void> | undefined;

  constructor(options: LeaseClockOptions) {
    this.#options = options;
    this.#lease = options.lease;
    this.#clock = options.clock;
    this.#offsetMs = threadSharedNow() - options.clock.monotonic();
  }

  get generation(): number {
    return this.state.generation;
  }

  /** Messages were taken by a request that began at `takenAt` (monotonic). */
  hold(count: number, takenAt: number): void {
    if (count === 0 || this.#isClosed) return;
    if (this.#held === 0) {
      this.state.begin(takenAt + this.#offsetMs);
      this.state.isHolding = true;
      this.#arm();
    }
    this.#held += count;
  }

  /** One of them was settled. */
  release(): void {
    this.#held -= 1;
    if (this.#held === 0) this.state.isHolding = false;
  }

  isHeld(delivery: LeasedDelivery): boolean | Promise<boolean> {
    const { generation, confirmedAt } = this.state;
    const now = this.#clock.monotonic() + this.#offsetMs;
    if (delivery.generation === generation && now < confirmedAt + this.#lease.durationMs) return true;
    return this.#ask(delivery, generation);
  }

  /** From now on expired leases are returned to their queues. The first sweep is at once. */
  startSweeping(): void {
    if (this.#isSweeping || this.#isClosed) return;
    this.#isSweeping = true;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#run();
  }

  /** A keeper thread renews until the returned function is called. */
  keepElsewhere(): () => void {
    this.#keepersElsewhere += 1;
    return () => {
      this.#keepersElsewhere -= 1;
      if (this.#held > 0) this.#arm();
    };
  }

  /** Idempotent. Resolves when no request is under way. */
  async close(): Promise<void> {
    this.#isClosed = true;
    // A keeper thread must not go on renewing for a connection that is gone.
    this.state.isHolding = false;
    this.#timer?.cancel();
    await this.#ticking;
  }

  async #ask(delivery: LeasedDelivery, generation: number): Promise<boolean> {
    try {
      const lost = await this.#lease.lost([delivery.tag]);
      if (lost.length > 0) return false;
    } catch (error) {
      if (this.#isClosed) return false;
      if (TransportConnectionError.isInstance(error)) {
        // All that it held comes back by itself.
        this.#options.onLost(error);
        return false;
      }
      // Not to know is not to have lost it; left alone it would be held for as long as the connection lives.
      this.#options.logger.warn({ err: toError(error) }, 'Could not ask whether a message is still held here');
      return true;
    }
    if (this.state.generation === generation) delivery.generation = generation;
    return true;
  }

  #arm(): void {
    if (this.#isClosed || this.#timer !== undefined || this.#ticking !== undefined) return;
    const { random = Math.random } = this.#options;
    const { durationMs, sweepEveryMs = durationMs } = this.#lease;
    const everyMs = Math.min(durationMs / 3, this.#isSweeping ? sweepEveryMs : durationMs);
    const delayMs = everyMs * (1 - 0.2 * random());
    this.#timer = this.#clock.setTimer(() => this.#run(), delayMs, { background: true });
  }

  #run(): void {
    this.#timer = undefined;
    this.#ticking ??= this.#tick().finally(() => {
      this.#ticking = undefined;
      if (this.#held > 0 || this.#isSweeping) this.#arm();
    });
  }

  async #tick(): Promise<void> {
    if (this.#held > 0 && this.#keepersElsewhere === 0) await this.#attempt('renew the leases', () => this.#renew());
    if (this.#isSweeping && !this.#isClosed)
      await this.#attempt('return messages of expired leases', () => this.#sweep());
  }

  async #renew(): Promise<void> {
    const startedAt = this.#clock.monotonic() + this.#offsetMs;
    await this.#lease.renew();
    this.state.confirm(startedAt, this.#clock.monotonic() + this.#offsetMs, this.#lease.durationMs);
  }

  async #sweep(): Promise<void> {
    const count = await this.#lease.sweep();
    if (count > 0) {
      this.#options.logger.warn({ count }, 'Messages whose consumer fell silent went back to their queues');
      this.#options.onSwept();
    }
    await this.#options.alsoSweep?.();
  }

  /** The next tick tries again; only a lost connection is final. */
  async #attempt(what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (this.#isClosed) return;
      if (TransportConnectionError.isInstance(error)) this.#options.onLost(error);
      else this.#options.logger.warn({ err: toError(error) }, `Could not ${what}; trying again`);
    }
  }
}
