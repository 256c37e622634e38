import { virtualTransport } from '@ctq/messaging/store';
import type { Transport } from '@ctq/messaging/transport';
import { assertKnownOptions } from '@ctq/runtime';
import { parseDatabaseUrl } from '@ctq/sqlite';
import { sqliteConfig, type SqliteOptions, sqliteOptionNames } from './sqlite-options.js';
import { SqliteQueueStore } from './sqlite-store.js';

/**
 * A broker without a server: queues in a file that all processes of a host share.
 *
 * ```ts
 * const app = new Ctq('shop', { broker: sqlite({ path: '.ctq/ctq.sqlite' }) });
 * ```
 * @throws ConfigurationError for options that it does not have or cannot use.
 */
export function sqlite(options: SqliteOptions): Transport {
  assertKnownOptions('sqlite', { ...options }, sqliteOptionNames);
  const config = sqliteConfig(options);
  return virtualTransport(() => new SqliteQueueStore(config));
}

/**
 * What the scheme `sqlite:` resolves to: `sqlite:///absolute.sqlite`, `sqlite:relative.sqlite`, `sqlite://./relative.sqlite`. Options may
 * be in the query string; those given as an object win.
 * @throws ConfigurationError for URLs and options that cannot be used.
 */
export function createTransport(url: string, options: Readonly<Record<string, unknown>> = {}): Transport {
  const { path, options: query } = parseDatabaseUrl(url);
  return sqlite({ ...query, ...options, path });
}
