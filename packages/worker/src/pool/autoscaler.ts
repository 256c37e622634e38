import type { Clock, Logger, Timer } from '@ctq/runtime';
import { ServiceStoppedError, toError } from '@ctq/runtime';

/** How many slots a pool has: as many as there is work for, within these. */
export interface AutoscaleRange {
  readonly min: number;
  readonly max: number;
}

export interface AutoscalerOptions extends AutoscaleRange {
  /** How many slots there are. */
  readonly size: () => number;
  readonly resize: (size: number) => Promise<void>;
  /** Tasks that run or wait in the worker. */
  readonly load: () => number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Slots that were added stay for so long at least, and after so long those that could not be added are asked for again. Default 30 s, as Celery's. */
  readonly keepaliveMs?: number;
}

/** Celery 5.6 worker/autoscale.py, AUTOSCALE_KEEPALIVE. */
const defaultKeepaliveMs = 30_000;

/**
 * Adds slots as soon as there are more tasks than slots, and takes them away when there was no need of more for a while (celery 5.6 worker/autoscale.py,
 * Autoscaler).
 */
export class Autoscaler {
  readonly #options: AutoscalerOptions;
  readonly #keepaliveMs: number;
  #timer: Timer | undefined;
  #grownAt: number | undefined;
  /** When slots could not be added: they are not asked for again with each task that comes in. */
  #failedAt: number | undefined;
  #isResizing = false;
  #isStopped = false;

  constructor(options: AutoscalerOptions) {
    this.#options = options;
    this.#keepaliveMs = options.keepaliveMs ?? defaultKeepaliveMs;
  }

  start(): void {
    this.#timer ??= this.#options.clock.setTimer(
      () => {
        this.#timer = undefined;
        this.adjust();
        this.start();
      },
      this.#keepaliveMs,
      { background: true },
    );
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** To be called for each task that comes in. */
  adjust(): void {
    if (this.#isResizing || this.#isStopped) return;
    const { load, clock, min, max } = this.#options;
    const size = this.#options.size();
    const wanted = Math.min(Math.max(load(), min), max);
    const now = clock.monotonic();
    const isAgo = (at: number): boolean => now - at >= this.#keepaliveMs;
    if (wanted > size && (this.#failedAt === undefined || isAgo(this.#failedAt))) {
      this.#grownAt = now;
      this.#resize(wanted, 'up');
    } else if (wanted < size && this.#grownAt !== undefined && isAgo(this.#grownAt)) {
      this.#resize(wanted, 'down');
    }
  }

  #resize(size: number, way: 'up' | 'down'): void {
    const { clock, logger, resize } = this.#options;
    const change = Math.abs(size - this.#options.size());
    logger.info(`Scaling ${way} ${change} slot${change === 1 ? '' : 's'}.`);
    this.#isResizing = true;
    resize(size)
      .then(
        () => {
          this.#failedAt = undefined;
        },
        (error: unknown) => {
          // The worker leaves while slots are added.
          if (ServiceStoppedError.isInstance(error)) return;
          this.#failedAt = clock.monotonic();
          logger.error({ err: toError(error) }, `Couldn't change the size of the pool to ${size}`);
        },
      )
      .finally(() => {
        this.#isResizing = false;
      });
  }
}
