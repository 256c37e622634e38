import type { KeyValueEntry, KeyValueStore, KeyValueStoreContext, VersionedValue } from '@ctq/core/backend';
import type { Database } from '@ctq/sqlite';
import { dropExpired } from './expiry.js';
import { type FollowedTable, followTable } from './log-follower.js';
import { SharedFile } from './shared-file.js';
import type { SqliteBackendConfig } from './sqlite-backend-options.js';

const keys: FollowedTable = { table: 'ctq_key_value', position: 'version', name: 'key' };

const live = '(expires_at IS NULL OR expires_at > ?2)';
const getMany = `SELECT key, value FROM ctq_key_value WHERE key IN (SELECT value FROM json_each(?1)) AND ${live}`;
const get = `SELECT value, version FROM ctq_key_value WHERE key = ?1 AND ${live}`;
const set = 'INSERT OR REPLACE INTO ctq_key_value (key, value, expires_at) VALUES (?, ?, ?) RETURNING version';
const deleteMany = 'DELETE FROM ctq_key_value WHERE key IN (SELECT value FROM json_each(?1))';
const deleteVersion =
  'DELETE FROM ctq_key_value WHERE key = ?1 AND version = ?2 AND (expires_at IS NULL OR expires_at > ?3)';
/** Text is compared by its bytes; no key has U+10FFFF, which is no character, after the prefix. */
const list = `SELECT key FROM ctq_key_value WHERE key >= ?1 AND key < ?1 || char(1114111) AND ${live} ORDER BY key`;

const expiredPerSet = 2;

/**
 * Keys and values in one SQLite file, with every optional role. A key's version is the number of the write in the whole store: it grows, also for a key
 * that was deleted and set again.
 */
export class SqliteKeyValueStore implements KeyValueStore {
  readonly spec = 1;
  readonly name = 'sqlite';
  readonly url: string;
  readonly #file: SharedFile;

  constructor(config: SqliteBackendConfig) {
    this.#file = new SharedFile(config);
    this.url = this.#file.url;
  }

  open({ clock }: KeyValueStoreContext, signal: AbortSignal): Promise<void> {
    return this.#file.open(clock, signal);
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  async getMany(wanted: readonly string[]): Promise<ReadonlyMap<string, Uint8Array>> {
    const database = await this.#file.database();
    const now = this.#file.now();
    const select = database.statement<readonly [string, Uint8Array]>(getMany);
    return new Map(await database.read(() => select.rows([JSON.stringify(wanted), now])));
  }

  async setMany(entries: readonly KeyValueEntry[]): Promise<void> {
    await this.#write((database, now) => {
      for (const { key, value, ttlMs } of entries) write(database, key, value, ttlMs, now);
      dropExpired(database, 'ctq_key_value', now, expiredPerSet * entries.length);
    });
  }

  async deleteMany(unwanted: readonly string[]): Promise<void> {
    const database = await this.#file.database();
    await database.transaction(() => database.statement(deleteMany).run([JSON.stringify(unwanted)]));
  }

  increment(key: string, by: number, ttlMs?: number): Promise<number> {
    return this.#write((database, now) => {
      const found = read(database, key, now);
      const sum = (found === undefined ? 0 : Number(new TextDecoder().decode(found.value))) + by;
      write(database, key, new TextEncoder().encode(String(sum)), ttlMs, now);
      return sum;
    });
  }

  compareAndSet(key: string, version: number, value: Uint8Array, ttlMs?: number): Promise<number | undefined> {
    return this.#write((database, now) => {
      if ((read(database, key, now)?.version ?? 0) !== version) return undefined;
      return write(database, key, value, ttlMs, now);
    });
  }

  async compareAndDelete(key: string, version: number): Promise<boolean> {
    const database = await this.#file.database();
    const now = this.#file.now();
    return database.transaction(() => database.statement(deleteVersion).run([key, version, now]) > 0);
  }

  async getVersioned(key: string): Promise<VersionedValue | undefined> {
    const database = await this.#file.database();
    const now = this.#file.now();
    return database.read(() => read(database, key, now));
  }

  async list(prefix: string): Promise<readonly string[]> {
    const database = await this.#file.database();
    const now = this.#file.now();
    const rows = await database.read(() => database.statement<[string]>(list).rows([prefix, now]));
    return rows.map(([key]) => key);
  }

  async watch(
    watched: readonly string[],
    onSet: (keys: readonly string[]) => void,
  ): Promise<{ close(): Promise<void> }> {
    const wanted = new Set(watched);
    const end = await this.#file.follow((database) =>
      followTable(database, keys, (written) => {
        const set = written.filter((key) => wanted.has(key));
        if (set.length > 0) onSet(set);
      }),
    );
    return {
      close: () => {
        end();
        return Promise.resolve();
      },
    };
  }

  async #write<T>(body: (database: Database, now: number) => T extends PromiseLike<unknown> ? never : T): Promise<T> {
    const database = await this.#file.database();
    const now = this.#file.now();
    const result = await database.transaction<T>(() => body(database, now));
    database.touch();
    return result;
  }
}

function read(database: Database, key: string, now: number): VersionedValue | undefined {
  const row = database.statement<readonly [Uint8Array, number]>(get).row([key, now]);
  return row === undefined ? undefined : { value: row[0], version: row[1] };
}

function write(database: Database, key: string, value: Uint8Array, ttlMs: number | undefined, now: number): number {
  const row = database.statement<[number]>(set).row([key, value, ttlMs === undefined ? null : now + ttlMs]);
  return row?.[0] ?? 0;
}
