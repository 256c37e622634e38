import { createHash } from 'node:crypto';
import { type Clock, durationMs } from '@ctq/runtime';
import type { Settings } from '../config/settings.js';
import type { AtomicStore } from '../coordination/atomic-store.js';
import { coordinationKey } from '../coordination/coordination-key.js';
import type { Revocation } from './revocation.js';

/** The most that is kept: every change writes all of it. Workers remember more. */
const mostKept = 10_000;
/** All workers hear of a control message, and each of them keeps what it says: within this time the same is one. */
const sameWithinMs = 60_000;
/** More than this at a time are a list with a key of its own, so that they take the place of one. */
const mostBeside = 100;

/** Where others are that were revoked together. */
interface ListedRevocations {
  readonly at: number;
  readonly list: string;
}

type Entry = Revocation | ListedRevocations;

export interface SharedRevocationsOptions {
  readonly store: () => Promise<AtomicStore>;
  readonly settings: () => Settings;
  readonly clock: Clock;
}

/** What the processes of an app have revoked: one document in its key-value store, which workers watch, and lists that it names. */
export class SharedRevocations {
  readonly #options: SharedRevocationsOptions;
  /** Lists that were read: they do not change. */
  #lists: ReadonlyMap<string, readonly Revocation[]> = new Map();

  constructor(options: SharedRevocationsOptions) {
    this.#options = options;
  }

  /** Resolves when it is stored: whoever starts from now on knows. @throws ConfigurationError without a store. */
  async add(revocations: readonly Revocation[]): Promise<void> {
    const store = await this.#options.store();
    const given = revocations.length > mostBeside ? [await this.#addList(store, revocations)] : revocations;
    for (;;) {
      const found = await store.getVersioned(key);
      const before = this.#fresh(read<Entry>(found?.value));
      const added = newest(before, given);
      if (added.size === 0) return;
      const kept = [...before.filter((entry) => !added.has(identityOf(entry))), ...added.values()].slice(-mostKept);
      if ((await store.compareAndSet(key, found?.version ?? 0, encode(kept), this.#keptMs)) !== undefined) return;
    }
  }

  /** Those that count, the oldest first. */
  async load(): Promise<readonly Revocation[]> {
    const store = await this.#options.store();
    const entries = this.#fresh(read<Entry>((await store.getMany([key])).get(key)));
    const lists = entries.flatMap((entry) => ('list' in entry ? [entry.list] : []));
    this.#lists = await this.#readLists(store, lists);
    return entries.flatMap((entry) => ('list' in entry ? (this.#lists.get(entry.list) ?? []) : [entry]));
  }

  /** Calls back after each change, where the store can tell. */
  async watch(onChange: () => void): Promise<{ close(): Promise<void> } | undefined> {
    const store = await this.#options.store();
    return await store.watch?.([key], onChange);
  }

  async #addList(store: AtomicStore, revocations: readonly Revocation[]): Promise<ListedRevocations> {
    const list = nameOf(revocations);
    await store.setMany([{ key: listKey(list), value: encode(revocations), ttlMs: this.#keptMs }]);
    return { at: this.#options.clock.now(), list };
  }

  async #readLists(store: AtomicStore, lists: readonly string[]): Promise<ReadonlyMap<string, readonly Revocation[]>> {
    const unread = lists.filter((list) => !this.#lists.has(list));
    const found = unread.length === 0 ? undefined : await store.getMany(unread.map(listKey));
    return new Map(lists.map((list) => [list, this.#lists.get(list) ?? read<Revocation>(found?.get(listKey(list)))]));
  }

  get #keptMs(): number {
    return durationMs(this.#options.settings().workerRevokeExpires);
  }

  #fresh(entries: readonly Entry[]): readonly Entry[] {
    const oldest = this.#options.clock.now() - this.#keptMs;
    return entries.filter(({ at }) => at > oldest);
  }
}

/** Those that are not there yet, or long enough to be meant anew; by what they say. */
function newest(before: readonly Entry[], given: readonly Entry[]): ReadonlyMap<string, Entry> {
  const known = new Map(before.map((entry) => [identityOf(entry), entry.at]));
  const isNew = (entry: Entry): boolean => {
    const at = known.get(identityOf(entry));
    return at === undefined || entry.at - at > sameWithinMs;
  };
  return new Map(given.filter(isNew).map((entry) => [identityOf(entry), entry]));
}

/** What is the same for all who revoke it. */
function identityOf({ at, ...what }: Entry): string {
  return JSON.stringify(what);
}

/** The same for the same ones, whoever revokes them. */
function nameOf(revocations: readonly Revocation[]): string {
  const hash = createHash('sha256');
  for (const revocation of revocations) hash.update(identityOf(revocation)).update('\n');
  return hash.digest('hex').slice(0, 32);
}

const key = coordinationKey('revoked', 'all');

function listKey(list: string): string {
  return coordinationKey('revoked', list);
}

function encode(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

function read<Item>(bytes: Uint8Array | undefined): readonly Item[] {
  return bytes === undefined ? [] : (JSON.parse(new TextDecoder().decode(bytes)) as Item[]);
}
