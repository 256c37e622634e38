import type { Clock, Logger } from '@ctq/runtime';

/**
 * The narrow waist of everything that is kept and coordinated: `keyValueBackend(store)` makes a result backend of it, and schedules,
 * locks, unique tasks, revokes and limits are written once over its optional roles.
 */
export interface KeyValueStore {
  readonly spec: 1;
  readonly name: string;
  readonly url: string;
  open(context: KeyValueStoreContext, signal: AbortSignal): Promise<void>;
  /** Idempotent. */
  close(): Promise<void>;

  /** Those that exist and have not expired. */
  getMany(keys: readonly string[]): Promise<ReadonlyMap<string, Uint8Array>>;
  /** All or nothing. */
  setMany(entries: readonly KeyValueEntry[]): Promise<void>;
  deleteMany(keys: readonly string[]): Promise<void>;

  /**
   * Adds to an integer that starts at 0 and resolves with the sum, in one atomic step. It is kept as decimal text, so that `getMany` reads it; a TTL
   * counts from the last increment.
   */
  increment?(key: string, by: number, ttlMs?: number): Promise<number>;
  /**
   * Sets the value if the key's version is still `version` (0: it does not exist), in one atomic step. Resolves with the new version, or with
   * undefined when somebody else was first. Versions of a key only grow, also over its deletion and expiry, so that they are fencing tokens; every
   * `setMany` makes a new one.
   */
  compareAndSet?(key: string, version: number, value: Uint8Array, ttlMs?: number): Promise<number | undefined>;
  /** With `compareAndSet`: deletes the key if its version is still `version`, in one atomic step; resolves with whether it did. */
  compareAndDelete?(key: string, version: number): Promise<boolean>;
  /** With `compareAndSet`: the value and the version to compare with. */
  getVersioned?(key: string): Promise<VersionedValue | undefined>;
  /** Keys that begin with the prefix, in their byte order. */
  list?(prefix: string): Promise<readonly string[]>;
  /**
   * Calls back with keys that were set, where the store can tell; at least those that are being watched. A hint: what is set while its connection is lost
   * may not be told, so look now and then.
   */
  watch?(keys: readonly string[], onSet: (keys: readonly string[]) => void): Promise<{ close(): Promise<void> }>;
}

export interface KeyValueStoreContext {
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface KeyValueEntry {
  readonly key: string;
  readonly value: Uint8Array;
  /** Milliseconds to live; undefined for ever. */
  readonly ttlMs?: number;
}

export interface VersionedValue {
  readonly value: Uint8Array;
  readonly version: number;
}
