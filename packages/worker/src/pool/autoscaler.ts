import type { Clock, Logger, Timer } from '@ctq/runtime';
import { ServiceStoppedError, toError } from '@ctq/runtime';
import { checkSize } from './check-size.js';

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

/** What it does, for monitors (celery 5.6 worker/autoscale.py, Autoscaler.info). */
export interface AutoscalerInfo extends AutoscaleRange {
  /** How many slots there are. */
  readonly current: number;
  /** Tasks that run or wait. */
  readonly qty: number;
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
  #range: AutoscaleRange;
  #timer: Timer | undefined;
  #grownAt: number | undefined;
  /** When slots could not be added: they are not asked for again with each task that comes in. */
  #failedAt: number | undefined;
  #isResizing = false;
  #isStopped = false;

  constructor(options: AutoscalerOptions) {
    this.#options = options;
    this.#range = { min: options.min, max: options.max };
    this.#keepaliveMs = options.keepaliveMs ?? defaultKeepaliveMs;
  }

  get range(): AutoscaleRange {
    return this.#range;
  }

  get info(): AutoscalerInfo {
    const { size, load } = this.#options;
    return { ...this.#range, current: size(), qty: load() };
  }

  /**
   * From now on between these; what is left out stays as it is. Slots that are too many go and those that are missing come at once (celery 5.6 worker/autoscale.py,
   * Autoscaler.update). Gives the range as it is then.
   * @throws RangeError for limits that no pool can have, or of which the lower one is above the upper.
   */
  update({ min = this.#range.min, max = this.#range.max }: Partial<AutoscaleRange>): AutoscaleRange {
    checkSize(min);
    checkSize(max);
    if (min > max) throw new RangeError(`There cannot be at least ${min} slots and at most ${max}.`);
    this.#range = { min, max };
    const size = this.#options.size();
    if (size > max) this.#resize(max, 'down');
    else if (size < min) {
      this.#grownAt = this.#options.clock.monotonic();
      this.#resize(min, 'up');
    }
    return this.#range;
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
    const { load, clock } = this.#options;
    const { min, max } = this.#range;
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
