import { ConfigurationError } from '@ctq/runtime';
import type { Synchronous } from '@ctq/sqlite';

/** Options of the SQLite result backend and key-value store. */
export interface SqliteBackendOptions {
  /** The file; made with its folder when missing. It may be the transport's. */
  readonly path: string;
  /** `NORMAL` (default) survives kill -9 of every process; `FULL` survives a power failure too, for an fsync per batch. */
  readonly synchronous?: Synchronous;
}

export const sqliteBackendOptionNames: readonly (keyof SqliteBackendOptions)[] = ['path', 'synchronous'];

export interface SqliteBackendConfig {
  readonly path: string;
  readonly synchronous: Synchronous;
}

/** @throws ConfigurationError for values that cannot be used. */
export function sqliteBackendConfig({ path, synchronous = 'NORMAL' }: SqliteBackendOptions): SqliteBackendConfig {
  if (typeof path !== 'string' || path === '') {
    throw new ConfigurationError('CTQ_BAD_OPTION', "sqliteBackend: 'path' must name a file.");
  }
  if (synchronous !== 'NORMAL' && synchronous !== 'FULL') {
    throw new ConfigurationError(
      'CTQ_BAD_OPTION',
      `sqliteBackend: 'synchronous' is 'NORMAL' or 'FULL', not ${JSON.stringify(synchronous)}.`,
    );
  }
  return { path, synchronous };
}
