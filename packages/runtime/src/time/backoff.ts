/** Exponential growth with a cap: `min(max, first × factor^attempt)`, spread by jitter. All times in milliseconds. */
export interface BackoffOptions {
  readonly firstMs: number;
  /** The most that is ever waited, before and after jitter. */
  readonly maxMs: number;
  /** Growth per attempt. Default 2. */
  readonly factor?: number;
  /**
   * `full` (default) picks evenly between 0 and the value, `equal` between half of it and the whole, `none` takes it as is.
   * Jitter keeps a fleet that lost its broker from returning in one instant.
   */
  readonly jitter?: 'full' | 'equal' | 'none';
  /** Source of randomness in [0, 1). */
  readonly random?: () => number;
}

/** How long to wait before the given attempt; `attempt` counts from 0 and may grow for ever. Pure apart from `random`. */
export function backoffMs(attempt: number, options: BackoffOptions): number {
  // The growth overflows to Infinity after some thousand attempts, and 0 × Infinity is NaN.
  const growth = Math.min((options.factor ?? 2) ** attempt, Number.MAX_VALUE);
  const grown = Math.min(options.maxMs, options.firstMs * growth, Number.MAX_VALUE);
  const random = options.random ?? Math.random;
  switch (options.jitter ?? 'full') {
    case 'none':
      return grown;
    case 'equal':
      // Halves of the smallest numbers round up.
      return Math.min(grown, grown / 2 + (random() * grown) / 2);
    case 'full':
      return random() * grown;
  }
}
