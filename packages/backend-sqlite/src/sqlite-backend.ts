import type { KeyValueStore, ResultBackend } from '@ctq/core/backend';
import { assertKnownOptions } from '@ctq/runtime';
import { parseDatabaseUrl } from '@ctq/sqlite';
import { sqliteBackendConfig, type SqliteBackendOptions, sqliteBackendOptionNames } from './sqlite-backend-options.js';
import { SqliteKeyValueStore } from './sqlite-key-value-store.js';
import { SqliteResultBackend } from './sqlite-result-backend.js';

/**
 * Results in a file that all processes of a host share; it may be the file of the transport.
 *
 * ```ts
 * const app = new Ctq('shop', { backend: sqliteBackend({ path: '.ctq/ctq.sqlite' }) });
 * ```
 * @throws ConfigurationError for options that it does not have or cannot use.
 */
export function sqliteBackend(options: SqliteBackendOptions): ResultBackend {
  assertKnownOptions('sqliteBackend', { ...options }, sqliteBackendOptionNames);
  return new SqliteResultBackend(sqliteBackendConfig(options));
}

/** Keys and values in such a file, for schedules, locks and whatever else is coordinated over a `KeyValueStore`. */
export function sqliteStore(options: SqliteBackendOptions): KeyValueStore {
  assertKnownOptions('sqliteStore', { ...options }, sqliteBackendOptionNames);
  return new SqliteKeyValueStore(sqliteBackendConfig(options));
}

/**
 * What the scheme `sqlite:` resolves to: `sqlite:///absolute.sqlite`, `sqlite:relative.sqlite`, `sqlite://./relative.sqlite`. Options may
 * be in the query string; those given as an object win.
 * @throws ConfigurationError for URLs and options that cannot be used.
 */
export function createBackend(url: string, options: Readonly<Record<string, unknown>> = {}): ResultBackend {
  return sqliteBackend(optionsOf(url, options));
}

/** As `createBackend`, for the key-value store. */
export function createStore(url: string, options: Readonly<Record<string, unknown>> = {}): KeyValueStore {
  return sqliteStore(optionsOf(url, options));
}

function optionsOf(url: string, options: Readonly<Record<string, unknown>>): SqliteBackendOptions {
  const { path, options: query } = parseDatabaseUrl(url);
  return { ...query, ...options, path };
}
