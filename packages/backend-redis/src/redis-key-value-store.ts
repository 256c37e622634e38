import type { KeyValueEntry, KeyValueStore, KeyValueStoreContext, VersionedValue } from '@ctq/core/backend';
import type { Redis } from 'ioredis';
import type { RedisBackendConfig } from './redis-backend-options.js';
import { RedisConnection } from './redis-connection.js';
import { compareAndDeleteScript, compareAndSetScript, getVersionedScript, versionOf, versionsIn } from './versions.js';

/** How much one step of a listing looks at. */
const scanCount = 1_000;

/** Keys and values in Redis; what is set is published on the channel of its key, as Celery's results are. */
export class RedisKeyValueStore implements KeyValueStore {
  readonly spec = 1;
  readonly name = 'redis';
  readonly url: string;
  readonly connection: RedisConnection;
  readonly #prefix: string;
  readonly #versions: string;

  /** @param prefix stands before every key, unseen by whoever uses the store. */
  constructor(config: RedisBackendConfig, prefix = '') {
    this.connection = new RedisConnection(config);
    this.url = this.connection.url;
    this.#prefix = prefix;
    this.#versions = versionsIn(config.globalKeyprefix);
  }

  open(context: KeyValueStoreContext, signal: AbortSignal): Promise<void> {
    return this.connection.open(context, signal);
  }

  close(): Promise<void> {
    return this.connection.close();
  }

  async getMany(keys: readonly string[]): Promise<ReadonlyMap<string, Uint8Array>> {
    const found = new Map<string, Uint8Array>();
    if (keys.length === 0) return found;
    const values = await this.connection.read((client) => client.mgetBuffer(...keys.map(this.#full)));
    for (const [index, key] of keys.entries()) {
      const value = values[index];
      if (value != null) found.set(key, value);
    }
    return found;
  }

  async setMany(entries: readonly KeyValueEntry[]): Promise<void> {
    if (entries.length === 0) return;
    await this.connection.write((client) =>
      transact(client, (multi) => {
        for (const { key: name, value, ttlMs } of entries) {
          const key = this.#full(name);
          const bytes = asBuffer(value);
          if (ttlMs === undefined) multi.set(key, bytes);
          else multi.set(key, bytes, 'PX', Math.max(1, Math.ceil(ttlMs)));
          multi.publish(key, bytes);
        }
        multi.del(...entries.map(({ key }) => versionOf(this.#full(key))));
      }),
    );
  }

  async deleteMany(keys: readonly string[]): Promise<void> {
    if (keys.length === 0) return;
    const full = keys.map(this.#full);
    await this.connection.write((client) => client.del(...full, ...full.map(versionOf)));
  }

  async increment(name: string, by: number, ttlMs?: number): Promise<number> {
    const key = this.#full(name);
    const [sum] = await this.connection.write((client) =>
      transact(client, (multi) => {
        multi.incrby(key, by).del(versionOf(key));
        if (ttlMs === undefined) multi.persist(key);
        else multi.pexpire(key, Math.max(1, Math.ceil(ttlMs)));
      }),
    );
    return Number(sum);
  }

  async compareAndSet(name: string, version: number, value: Uint8Array, ttlMs?: number): Promise<number | undefined> {
    const key = this.#full(name);
    const ttl = ttlMs === undefined ? 0 : Math.max(1, Math.ceil(ttlMs));
    const made = await this.connection.write((client) =>
      compareAndSetScript.run(client, [key, versionOf(key), this.#versions], [version, asBuffer(value), ttl]),
    );
    return made === 0 ? undefined : Number(made);
  }

  async compareAndDelete(name: string, version: number): Promise<boolean> {
    const key = this.#full(name);
    const deleted = await this.connection.write((client) =>
      compareAndDeleteScript.run(client, [key, versionOf(key)], [version]),
    );
    return deleted === 1;
  }

  async getVersioned(name: string): Promise<VersionedValue | undefined> {
    const key = this.#full(name);
    const found = await this.connection.read((client) =>
      getVersionedScript.runForBuffers(client, [key, versionOf(key), this.#versions], []),
    );
    const [value, version] = (found ?? []) as [Buffer?, Buffer?];
    return value === undefined ? undefined : { value, version: Number(version) };
  }

  async list(prefix: string): Promise<readonly string[]> {
    const pattern = `${this.#full(prefix).replaceAll(/[\\*?[\]^-]/g, '\\$&')}*`;
    const keys = await this.connection.read(async (client) => {
      const found = new Set<string>();
      for (let cursor = '0'; ; ) {
        const [next, batch] = await client.scan(cursor, 'MATCH', pattern, 'COUNT', scanCount);
        for (const key of batch) found.add(key);
        if (next === '0') return found;
        cursor = next;
      }
    });
    return [...keys]
      .filter((key) => !key.endsWith(versionOf('')) && key !== this.#versions)
      .map((key) => key.slice(this.#prefix.length))
      .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  }

  /** Whoever sets a key publishes on the channel of that name. */
  async watch(keys: readonly string[], onSet: (keys: readonly string[]) => void): Promise<{ close(): Promise<void> }> {
    const ends = await Promise.all(keys.map((key) => this.connection.overhear(this.#full(key), () => onSet([key]))));
    return {
      close: async () => {
        await Promise.all(ends.map((end) => end()));
      },
    };
  }

  readonly #full = (key: string): string => this.#prefix + key;
}

/** All or nothing; resolves with the replies. */
async function transact(
  client: Redis,
  build: (multi: ReturnType<Redis['multi']>) => void,
): Promise<readonly unknown[]> {
  const multi = client.multi();
  build(multi);
  const replies = (await multi.exec()) ?? [];
  for (const [error] of replies) if (error !== null) throw error;
  return replies.map(([, reply]) => reply);
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
