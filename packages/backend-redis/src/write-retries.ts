import { BackendError, type ResultBackendContext } from '@ctq/core/backend';
import { toError } from '@ctq/runtime';

/** Celery's `retry_policy` (celery 5.6 backends/base.py, Backend.retry_policy), times in seconds. */
export interface WriteRetryPolicy {
  /** Attempts after the first. Default 20. */
  readonly maxRetries?: number;
  /** Default 0. */
  readonly intervalStart?: number;
  /** Default 1. */
  readonly intervalStep?: number;
  /** Default 1. */
  readonly intervalMax?: number;
}

/**
 * Repeats writes that failed because Redis was away. Only those that may be made twice are given to it.
 */
export class WriteRetries {
  readonly #policy: Required<WriteRetryPolicy> | undefined;
  readonly #context: () => ResultBackendContext;
  readonly #ending = new AbortController();

  /** @param policy without one a write is tried once: workers repeat what they could not make known. */
  constructor(policy: Required<WriteRetryPolicy> | undefined, context: () => ResultBackendContext) {
    this.#policy = policy;
    this.#context = context;
  }

  /** @throws the error of the last attempt. */
  async run<T>(write: () => Promise<T>): Promise<T> {
    for (let retries = 1; ; retries += 1) {
      try {
        return await write();
      } catch (error) {
        const delay = this.#delay(error, retries);
        if (delay === undefined) throw error;
        const { clock, logger } = this.#context();
        logger.error(
          { err: toError(error) },
          `Connection to Redis lost: Retry (${retries}/${this.#policy?.maxRetries}) ${delay === 0 ? 'now' : `in ${delay} seconds`}.`,
        );
        const isOver = await clock.sleep(delay * 1_000, this.#ending.signal).then(
          () => false,
          () => true,
        );
        if (isOver) throw error;
      }
    }
  }

  /** Idempotent. Nothing is tried again from now on. */
  stop(): void {
    this.#ending.abort();
  }

  /** Seconds until the next attempt; undefined when there is none. */
  #delay(error: unknown, retries: number): number | undefined {
    const policy = this.#policy;
    if (policy === undefined || this.#ending.signal.aborted || retries > policy.maxRetries) return undefined;
    if (!BackendError.isInstance(error) || !error.recoverable) return undefined;
    return Math.min(policy.intervalStart + (retries - 1) * policy.intervalStep, policy.intervalMax);
  }
}
