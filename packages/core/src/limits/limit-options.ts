import type { RateLimit } from './rate-limit.js';

/** Limits of a task over all workers, kept in the app's key-value store. At least one of `rate` and `concurrency`. */
export interface LimitOptions<A extends readonly unknown[]> {
  /** How often calls may start. */
  readonly rate?: RateLimit;
  /** How many may start at once before they are spaced by the rate. Default: what the rate allows in 100 ms, at least 1. */
  readonly burst?: number;
  /** How many may run at the same time. */
  readonly concurrency?: number;
  /**
   * Of the arguments: calls with different keys have limits of their own. Default: one for the whole task. Beside `bind` its parameters have to be annotated. A
   * method, because a function that takes less than everything is compared before the arguments of the task are known.
   */
  key?(...args: A): string;
}
