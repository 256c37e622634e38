import {
  BackendConnectionError,
  type KeyValueStore,
  type ResultBackend,
  type ResultBackendContext,
  type ResultBackendManifest,
  type ResultListener,
  type ResultNotifier,
  type ResultRecord,
} from '@ctq/core/backend';
import type { Database } from '@ctq/sqlite';
import { dropAllExpired, dropExpired } from './expiry.js';
import { type FollowedTable, followTable } from './log-follower.js';
import { ResultTable } from './result-table.js';
import { SharedFile } from './shared-file.js';
import type { SqliteBackendConfig } from './sqlite-backend-options.js';
import { SqliteChords } from './sqlite-chords.js';
import { SqliteGroups } from './sqlite-groups.js';
import { SqliteKeyValueStore } from './sqlite-key-value-store.js';

const results: FollowedTable = { table: 'ctq_result', position: 'seq', name: 'task_id' };

/** What a store deletes of what has expired, per outcome that it stores: more than comes in, so that it ends. */
const expiredPerStored = 2;

/** Results in one SQLite file, written in one transaction per call; a commit wakes those who wait in other processes. */
export class SqliteResultBackend implements ResultBackend {
  readonly spec = 1;
  readonly name = 'sqlite';
  readonly supports: ResultBackendManifest = { durability: 'backend-restart', reach: 'host', expiry: 'native' };
  readonly url: string;
  readonly notifier: ResultNotifier;
  readonly groups: SqliteGroups;
  readonly chords: SqliteChords;
  readonly #file: SharedFile;
  readonly #config: SqliteBackendConfig;
  readonly #tables = new WeakMap<Database, ResultTable>();
  #context: ResultBackendContext | undefined;

  constructor(config: SqliteBackendConfig) {
    this.#config = config;
    this.#file = new SharedFile(config);
    this.url = this.#file.url;
    this.groups = new SqliteGroups(this.#file, () => this.#opened());
    this.chords = new SqliteChords(this.#file, () => this.#opened());
    this.notifier = { listen: (onStored) => this.#listen(onStored) };
  }

  async open(context: ResultBackendContext, signal: AbortSignal): Promise<void> {
    this.#context = context;
    await this.#file.open(context.clock, signal);
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  keyValueStore(): KeyValueStore {
    return new SqliteKeyValueStore(this.#config);
  }

  async store(records: readonly ResultRecord[]): Promise<void> {
    if (records.length === 0) return;
    const database = await this.#file.database();
    const table = this.#table(database);
    const now = this.#file.now();
    const { expiresMs } = this.#opened();
    const encoded = table.encode(records, expiresMs === undefined ? null : now + expiresMs);
    await database.transaction(() => {
      table.store(encoded, now);
      dropExpired(database, 'ctq_result', now, expiredPerStored * records.length);
    });
    database.touch();
  }

  async getMany(taskIds: readonly string[]): Promise<ReadonlyMap<string, ResultRecord>> {
    const database = await this.#file.database();
    const now = this.#file.now();
    return database.read(() => this.#table(database).find(taskIds, now));
  }

  async forget(taskIds: readonly string[]): Promise<void> {
    const database = await this.#file.database();
    await database.transaction(() => this.#table(database).forget(taskIds));
  }

  async cleanup(): Promise<number> {
    return dropAllExpired(await this.#file.database(), ['ctq_result', 'ctq_group', 'ctq_chord'], this.#file.now());
  }

  async #listen(onStored: (taskIds: readonly string[]) => void): Promise<ResultListener> {
    const end = await this.#file.follow((database) => followTable(database, results, onStored));
    return {
      // All changes are told.
      watch: () => Promise.resolve(),
      unwatch: () => Promise.resolve(),
      close: () => {
        end();
        return Promise.resolve();
      },
    };
  }

  #table(database: Database): ResultTable {
    const table = this.#tables.get(database) ?? new ResultTable(database, this.#opened().codec);
    this.#tables.set(database, table);
    return table;
  }

  #opened(): ResultBackendContext {
    if (this.#context !== undefined) return this.#context;
    throw new BackendConnectionError(`The result backend ${this.url} is not open.`, { recoverable: false });
  }
}
