import { type Clock, type Timer, toError } from '@ctq/runtime';
import type { BlockedReport } from '../transport/transport.js';
import type { LeaseState } from './lease-state.js';

export interface KeeperLoopOptions {
  readonly state: LeaseState;
  readonly durationMs: number;
  readonly maxBlockedMs: number;
  readonly clock: Pick<Clock, 'setTimer'>;
  /** The time base of the state. */
  readonly now: () => number;
  readonly renew: () => Promise<void>;
  readonly onRenewalFailed: (error: Error) => void;
  /** The main loop has been blocked for too long, and still is. */
  readonly onBlockedTooLong: (report: BlockedReport) => void;
  /** It turns again. */
  readonly onTurnsAgain: (report: BlockedReport) => void;
}

/**
 * What the keeper thread does:
 * 1. renews every third of the lease's duration while the main loop holds anything;
 * 2. watches the main loop's heartbeat; when it was silent for `maxBlockedMs` it stops renewing, so that nothing is held for ever;
 * 3. when the loop turns again it reports what it was doing, and renews again.
 */
export class KeeperLoop {
  readonly #options: KeeperLoopOptions;
  readonly #tickMs: number;
  #timer: Timer | undefined;
  #renewing: Promise<void> | undefined;
  #renewedAt = Number.NEGATIVE_INFINITY;
  #blocked: BlockedReport | undefined;
  #hasStopped = false;

  constructor(options: KeeperLoopOptions) {
    this.#options = options;
    this.#tickMs = Math.min(options.durationMs / 6, options.maxBlockedMs / 4);
  }

  start(): void {
    this.#tick();
  }

  /** Idempotent. Resolves when no renewal is under way. */
  async stop(): Promise<void> {
    this.#hasStopped = true;
    this.#timer?.cancel();
    await this.#renewing;
  }

  readonly #tick = (): void => {
    if (this.#hasStopped) return;
    // Rearmed first: a renewal that hangs must not end the watch over the main loop.
    this.#timer = this.#options.clock.setTimer(this.#tick, this.#tickMs);
    this.#watch();
    if (this.#blocked === undefined && this.#isRenewalDue()) this.#renewing = this.#renew();
  };

  #watch(): void {
    const { state, maxBlockedMs, now, onBlockedTooLong, onTurnsAgain } = this.#options;
    const blockedMs = now() - state.heartbeatAt;
    if (blockedMs >= maxBlockedMs) {
      const isNews = this.#blocked === undefined;
      this.#blocked = { blockedMs, activity: this.#blocked?.activity ?? state.activity };
      if (isNews) onBlockedTooLong(this.#blocked);
    } else if (this.#blocked !== undefined) {
      onTurnsAgain(this.#blocked);
      this.#blocked = undefined;
    }
  }

  #isRenewalDue(): boolean {
    const { state, durationMs, now } = this.#options;
    // Half a tick early rather than half a tick late.
    return (
      this.#renewing === undefined && state.isHolding && now() - this.#renewedAt >= durationMs / 3 - this.#tickMs / 2
    );
  }

  async #renew(): Promise<void> {
    const { state, durationMs, now, renew, onRenewalFailed } = this.#options;
    const startedAt = now();
    try {
      await renew();
      state.confirm(startedAt, now(), durationMs);
      this.#renewedAt = startedAt;
    } catch (error) {
      // Tried again at the next tick: there are several before the lease runs out.
      onRenewalFailed(toError(error));
    } finally {
      this.#renewing = undefined;
    }
  }
}
