import type { RecordToStore, ResultRecord } from '../result/result-record.js';
import { ExpiringMap } from './expiring-map.js';
import type { KeyValueStore } from './key-value-store.js';
import { type MemoryChords, memoryChords } from './memory-chords.js';
import { memoryStore } from './memory-store.js';
import type {
  ChordRole,
  GroupRole,
  ResultBackend,
  ResultBackendContext,
  ResultListener,
  ResultNotifier,
} from './result-backend.js';

/** What is kept of a record: values that are passed by reference are kept as bytes, so that everyone who reads has one of their own. */
interface Kept {
  readonly record: ResultRecord;
  /** The encoded result, for what is no plain scalar. */
  readonly encoded: Uint8Array | undefined;
  /** `Infinity` for ever. */
  readonly expiresAt: number;
}

interface KeptGroup {
  readonly encoded: Uint8Array;
  readonly expiresAt: number;
}

/** The results of a process. Apps that are to see each other's are given backends over the same object. */
export class MemoryResults {
  readonly kept: ExpiringMap<Kept> = new ExpiringMap();
  readonly groups: ExpiringMap<KeptGroup> = new ExpiringMap();
  readonly chords: MemoryChords = new ExpiringMap();
  readonly store: KeyValueStore = memoryStore();
  readonly listeners: Set<(taskIds: readonly string[]) => void> = new Set();
}

/**
 * Results in the memory of this process: the reference of the contract. `close` leaves them where they are, in `results`.
 */
export function memoryBackend(results: MemoryResults = new MemoryResults()): ResultBackend {
  return new MemoryBackend(results);
}

class MemoryBackend implements ResultBackend {
  readonly spec = 1;
  readonly name = 'memory';
  readonly url = 'memory://';
  readonly supports = { durability: 'none', reach: 'process', expiry: 'native' } as const;
  readonly notifier: ResultNotifier;
  readonly groups: GroupRole;
  readonly chords: ChordRole;
  readonly #results: MemoryResults;
  #opened: ResultBackendContext | undefined;

  constructor(results: MemoryResults) {
    this.#results = results;
    this.notifier = { listen: (onStored) => Promise.resolve(listenTo(results, onStored)) };
    this.groups = this.#createGroups();
    this.chords = memoryChords(results.chords, () => this.#context);
  }

  open(context: ResultBackendContext, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.reject(signal.reason);
    this.#opened = context;
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  keyValueStore(): KeyValueStore {
    return this.#results.store;
  }

  async store(records: readonly RecordToStore[]): Promise<void> {
    const { clock, codec, expiresMs = Number.POSITIVE_INFINITY } = this.#context;
    const { kept } = this.#results;
    const now = clock.now();
    const expiresAt = now + expiresMs;
    // Encoded before anything is kept: all or nothing.
    const encoded = records.map(({ result }) => (isScalar(result) ? undefined : codec.encodeValue(result)));
    for (const [index, { replyTo: _, ...record }] of records.entries()) {
      // celery 5.6 backends/base.py, KeyValueStoreBackend._store_result: a stored SUCCESS stays.
      if (kept.get(record.taskId, now)?.record.status === 'SUCCESS') continue;
      kept.set(record.taskId, { record, encoded: encoded[index], expiresAt }, now);
    }
    if (this.#results.listeners.size === 0) return;
    const taskIds = records.map(({ taskId }) => taskId);
    for (const listener of this.#results.listeners) queueMicrotask(() => listener(taskIds));
  }

  async getMany(taskIds: readonly string[]): Promise<ReadonlyMap<string, ResultRecord>> {
    const { clock, codec } = this.#context;
    const now = clock.now();
    const found = new Map<string, ResultRecord>();
    for (const taskId of taskIds) {
      const entry = this.#results.kept.get(taskId, now);
      if (entry === undefined) continue;
      const { record, encoded } = entry;
      found.set(taskId, encoded === undefined ? record : { ...record, result: codec.decodeValue(encoded) });
    }
    return found;
  }

  forget(taskIds: readonly string[]): Promise<void> {
    for (const taskId of taskIds) this.#results.kept.delete(taskId);
    return Promise.resolve();
  }

  get #context(): ResultBackendContext {
    if (this.#opened === undefined) throw new TypeError('The memory result backend is used before it was opened.');
    return this.#opened;
  }

  #createGroups(): GroupRole {
    const { groups } = this.#results;
    return {
      saveGroup: async (groupId, value) => {
        const { clock, codec, expiresMs = Number.POSITIVE_INFINITY } = this.#context;
        const now = clock.now();
        groups.set(groupId, { encoded: codec.encodeValue(value), expiresAt: now + expiresMs }, now);
      },
      getGroup: async (groupId) => {
        const { clock, codec } = this.#context;
        const kept = groups.get(groupId, clock.now());
        return kept === undefined ? undefined : codec.decodeValue(kept.encoded);
      },
      forgetGroup: async (groupId) => groups.delete(groupId),
    };
  }
}

/** It sees everything that is stored, so there is nothing to watch. */
function listenTo({ listeners }: MemoryResults, onStored: (taskIds: readonly string[]) => void): ResultListener {
  listeners.add(onStored);
  const nothing = (): Promise<void> => Promise.resolve();
  return {
    watch: nothing,
    unwatch: nothing,
    close: async () => void listeners.delete(onStored),
  };
}

function isScalar(value: unknown): boolean {
  return value === null || typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean';
}
