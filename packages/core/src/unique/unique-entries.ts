import type { Clock } from '@ctq/runtime';
import { coordinationKey } from '../coordination/coordination-key.js';
import type { AtomicStore } from '../coordination/atomic-store.js';
import type { UniqueState } from './unique-options.js';

/** Who has a key. It is there as long as the key is taken. */
export interface UniqueEntry {
  readonly id: string;
  readonly state: UniqueState;
  /** When the entry goes by itself, in milliseconds since the epoch. */
  readonly until: number;
  /** The call whose place this one has taken. */
  readonly replaced?: Replaced;
}

/** A call that must not run any more. */
export interface Replaced {
  readonly id: string;
  /** After this nobody has to know: neither it nor the call that took its place can have the key. */
  readonly until: number;
}

export interface FoundEntry {
  readonly entry: UniqueEntry;
  readonly version: number;
}

export interface UniqueEntriesOptions {
  readonly store: () => Promise<AtomicStore>;
  readonly clock: Clock;
}

/** The entries of unique calls in the store, and the notes on calls that were replaced. */
export class UniqueEntries {
  readonly #store: () => Promise<AtomicStore>;
  readonly #clock: Clock;

  constructor({ store, clock }: UniqueEntriesOptions) {
    this.#store = store;
    this.#clock = clock;
  }

  async find(key: string): Promise<FoundEntry | undefined> {
    const found = await (await this.#store()).getVersioned(entryKey(key));
    return found === undefined ? undefined : { entry: decode<UniqueEntry>(found.value), version: found.version };
  }

  /** Resolves with the new version; with undefined when the entry's is another one by now (0: there is none). */
  async put(key: string, version: number, entry: UniqueEntry): Promise<number | undefined> {
    const ttlMs = Math.max(1, entry.until - this.#clock.now());
    return (await this.#store()).compareAndSet(entryKey(key), version, encode(entry), ttlMs);
  }

  async remove(key: string, version: number): Promise<boolean> {
    return (await this.#store()).compareAndDelete(entryKey(key), version);
  }

  /** Who took the place of a call; undefined for nobody. */
  async replacerOf(id: string): Promise<string | undefined> {
    const key = replacedKey(id);
    const note = (await (await this.#store()).getMany([key])).get(key);
    return note === undefined ? undefined : decode<{ readonly by: string }>(note).by;
  }

  /** Notes what an entry says about the call that was replaced under the id of that one, where it stays when the entry goes. */
  async noteReplaced({ id, replaced }: UniqueEntry): Promise<void> {
    if (replaced === undefined) return;
    const ttlMs = Math.max(1, replaced.until - this.#clock.now());
    await (await this.#store()).setMany([{ key: replacedKey(replaced.id), value: encode({ by: id }), ttlMs }]);
  }

  /** Notes that a worker has run a call, or dropped it, before its sender has said whether it replaces another one. */
  async noteDecided(id: string, until: number): Promise<void> {
    const ttlMs = Math.max(1, until - this.#clock.now());
    await (await this.#store()).setMany([{ key: decidedKey(id), value: encode({}), ttlMs }]);
  }

  async isDecided(id: string): Promise<boolean> {
    const key = decidedKey(id);
    return (await (await this.#store()).getMany([key])).has(key);
  }

  async forgetReplaced(id: string): Promise<void> {
    await (await this.#store()).deleteMany([replacedKey(id)]);
  }
}

const entryKey = (key: string): string => coordinationKey('unique', key);
const replacedKey = (id: string): string => coordinationKey('replaced', id);
const decidedKey = (id: string): string => coordinationKey('decided', id);

function encode(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

function decode<T>(bytes: Uint8Array): T {
  return JSON.parse(new TextDecoder().decode(bytes)) as T;
}
