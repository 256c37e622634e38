import { ConfigurationError, type Duration, durationMs } from '@ctq/runtime';
import type { Synchronous } from '@ctq/sqlite';

/** Options of the SQLite transport. */
export interface SqliteOptions {
  /** The file; made with its folder when missing. All processes that share queues name the same one. */
  readonly path: string;
  /**
   * After how long messages held by a process that fell silent go back to their queues. Default 30 s; a living process renews every third
   * of it.
   */
  readonly leaseDuration?: Duration;
  /**
   * `NORMAL` (default): what was accepted survives kill -9 of every process; a power failure may take the last moments. `FULL`
   * survives a power failure too, for an fsync per batch.
   */
  readonly synchronous?: Synchronous;
}

export const sqliteOptionNames: readonly (keyof SqliteOptions)[] = ['path', 'leaseDuration', 'synchronous'];

export interface SqliteConfig {
  readonly path: string;
  readonly leaseMs: number;
  readonly synchronous: Synchronous;
}

/** Below this a renewal every third would be noise on the file. */
const shortestLeaseMs = 100;

/** @throws ConfigurationError for values that cannot be used. */
export function sqliteConfig(options: SqliteOptions): SqliteConfig {
  const { path, leaseDuration = '30s', synchronous = 'NORMAL' } = options;
  if (typeof path !== 'string' || path === '')
    throw new ConfigurationError('CTQ_BAD_OPTION', "sqlite: 'path' must name a file.");
  if (synchronous !== 'NORMAL' && synchronous !== 'FULL') {
    throw new ConfigurationError(
      'CTQ_BAD_OPTION',
      `sqlite: 'synchronous' is 'NORMAL' or 'FULL', not ${JSON.stringify(synchronous)}.`,
    );
  }
  const leaseMs = durationMs(leaseDuration);
  if (!(leaseMs >= shortestLeaseMs)) {
    throw new ConfigurationError('CTQ_BAD_OPTION', `sqlite: 'leaseDuration' must be at least ${shortestLeaseMs} ms.`);
  }
  return { path, leaseMs, synchronous };
}
