import { type Clock, systemClock } from '@ctq/runtime';
import type { KeyValueEntry, KeyValueStore, VersionedValue } from './key-value-store.js';

interface Entry {
  value: Uint8Array;
  version: number;
  /** `Infinity` for ever. */
  expiresAt: number;
}

/** How many entries are looked at per entry that is set: at two, everything that has expired is gone after one round through the store. */
const sweptPerEntry = 2;

/**
 * A key-value store in the memory of this process: the reference of the contract, all optional roles included. Whoever is given the same object shares
 * what is in it; `close` leaves it there.
 */
export function memoryStore(): KeyValueStore {
  return new MemoryStore();
}

class MemoryStore implements KeyValueStore {
  readonly spec = 1;
  readonly name = 'memory';
  readonly url = 'memory://';
  readonly #entries = new Map<string, Entry>();
  readonly #watchers = new Map<string, Set<Watcher>>();
  #clock: Clock = systemClock;
  /** Of the whole store, so that it also grows for a key that was deleted and set again. */
  #version = 0;
  #sweep: Iterator<[string, Entry]> = this.#entries.entries();

  open({ clock }: { readonly clock: Clock }): Promise<void> {
    this.#clock = clock;
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  getMany(keys: readonly string[]): Promise<ReadonlyMap<string, Uint8Array>> {
    const found = new Map<string, Uint8Array>();
    const now = this.#clock.now();
    for (const key of keys) {
      const entry = this.#live(key, now);
      if (entry !== undefined) found.set(key, entry.value);
    }
    return Promise.resolve(found);
  }

  setMany(entries: readonly KeyValueEntry[]): Promise<void> {
    const now = this.#clock.now();
    for (const { key, value, ttlMs } of entries) this.#set(key, value, ttlMs, now);
    this.#sweepExpired(entries.length * sweptPerEntry, now);
    this.#tell(entries);
    return Promise.resolve();
  }

  deleteMany(keys: readonly string[]): Promise<void> {
    for (const key of keys) this.#entries.delete(key);
    return Promise.resolve();
  }

  increment(key: string, by: number, ttlMs?: number): Promise<number> {
    const now = this.#clock.now();
    const entry = this.#live(key, now);
    const sum = (entry === undefined ? 0 : Number(new TextDecoder().decode(entry.value))) + by;
    const value = new TextEncoder().encode(String(sum));
    this.#set(key, value, ttlMs, now);
    this.#tell([{ key, value }]);
    return Promise.resolve(sum);
  }

  compareAndSet(key: string, version: number, value: Uint8Array, ttlMs?: number): Promise<number | undefined> {
    const now = this.#clock.now();
    if ((this.#live(key, now)?.version ?? 0) !== version) return Promise.resolve(undefined);
    const next = this.#set(key, value, ttlMs, now);
    this.#tell([{ key, value }]);
    return Promise.resolve(next);
  }

  compareAndDelete(key: string, version: number): Promise<boolean> {
    const isSame = this.#live(key, this.#clock.now())?.version === version;
    if (isSame) this.#entries.delete(key);
    return Promise.resolve(isSame);
  }

  getVersioned(key: string): Promise<VersionedValue | undefined> {
    const entry = this.#live(key, this.#clock.now());
    return Promise.resolve(entry === undefined ? undefined : { value: entry.value, version: entry.version });
  }

  list(prefix: string): Promise<readonly string[]> {
    const now = this.#clock.now();
    const keys = [...this.#entries.keys()].filter(
      (key) => key.startsWith(prefix) && this.#live(key, now) !== undefined,
    );
    return Promise.resolve(keys.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
  }

  watch(keys: readonly string[], onSet: (keys: readonly string[]) => void): Promise<{ close(): Promise<void> }> {
    const watcher: Watcher = { onSet };
    for (const key of keys) {
      const watchers = this.#watchers.get(key);
      if (watchers === undefined) this.#watchers.set(key, new Set([watcher]));
      else watchers.add(watcher);
    }
    const close = (): Promise<void> => {
      for (const key of keys) {
        const watchers = this.#watchers.get(key);
        if (watchers?.delete(watcher) && watchers.size === 0) this.#watchers.delete(key);
      }
      return Promise.resolve();
    };
    return Promise.resolve({ close });
  }

  #live(key: string, now: number): Entry | undefined {
    const entry = this.#entries.get(key);
    return entry !== undefined && entry.expiresAt > now ? entry : undefined;
  }

  #set(key: string, value: Uint8Array, ttlMs: number | undefined, now: number): number {
    this.#version += 1;
    const expiresAt = ttlMs === undefined ? Number.POSITIVE_INFINITY : now + ttlMs;
    const entry = this.#entries.get(key);
    if (entry === undefined) {
      this.#entries.set(key, { value, version: this.#version, expiresAt });
    } else {
      entry.value = value;
      entry.version = this.#version;
      entry.expiresAt = expiresAt;
    }
    return this.#version;
  }

  #sweepExpired(count: number, now: number): void {
    for (let looked = 0; looked < count; looked += 1) {
      const next = this.#sweep.next();
      if (next.done) {
        this.#sweep = this.#entries.entries();
        return;
      }
      const [key, entry] = next.value;
      if (entry.expiresAt <= now) this.#entries.delete(key);
    }
  }

  #tell(entries: readonly KeyValueEntry[]): void {
    if (this.#watchers.size === 0) return;
    const told = new Map<Watcher, string[]>();
    for (const { key } of entries) {
      for (const watcher of this.#watchers.get(key) ?? []) {
        const keys = told.get(watcher);
        if (keys === undefined) told.set(watcher, [key]);
        else keys.push(key);
      }
    }
    for (const [watcher, keys] of told) queueMicrotask(() => watcher.onSet(keys));
  }
}

interface Watcher {
  readonly onSet: (keys: readonly string[]) => void;
}
