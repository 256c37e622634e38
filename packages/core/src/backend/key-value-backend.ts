import { maskUrl } from '../app/mask-url.js';
import type { ResultRecord } from '../result/result-record.js';
import { keyValueChords } from './key-value-chords.js';
import { keyValueNotifier } from './key-value-notifier.js';
import type { KeyValueEntry, KeyValueStore } from './key-value-store.js';
import type {
  ChordRole,
  GroupRole,
  ResultBackend,
  ResultBackendContext,
  ResultBackendManifest,
  ResultNotifier,
} from './result-backend.js';
import { ResultKeys } from './result-keys.js';
import { unreadableResult } from './unreadable-result.js';

export interface KeyValueBackendOptions {
  readonly supports: ResultBackendManifest;
  /** Celery's `global_keyprefix`. */
  readonly globalKeyPrefix?: string;
  /** Deletes what has expired, for stores that do not do so by themselves. */
  readonly cleanup?: () => Promise<number>;
}

/**
 * A result backend over a key-value store: Celery's keys and documents, SUCCESS final, one read and one write per call of `store`. Waiting is
 * served by the store's `watch`, chords by its `increment` or `compareAndSet`.
 */
export function keyValueBackend(store: KeyValueStore, options: KeyValueBackendOptions): ResultBackend {
  return new KeyValueBackend(store, options);
}

class KeyValueBackend implements ResultBackend {
  readonly spec = 1;
  readonly name: string;
  readonly url: string;
  readonly supports: ResultBackendManifest;
  readonly groups: GroupRole;
  readonly chords?: ChordRole;
  readonly notifier?: ResultNotifier;
  readonly cleanup?: () => Promise<number>;
  readonly #store: KeyValueStore;
  readonly #keys: ResultKeys;
  #opened: ResultBackendContext | undefined;

  constructor(store: KeyValueStore, options: KeyValueBackendOptions) {
    this.#store = store;
    this.#keys = new ResultKeys(options.globalKeyPrefix);
    this.name = store.name;
    this.url = maskUrl(store.url);
    this.supports = options.supports;
    if (options.cleanup !== undefined) this.cleanup = options.cleanup;
    const context = (): ResultBackendContext => this.#context;
    this.groups = keyValueGroups(store, this.#keys, context);
    const chords = keyValueChords(store, this.#keys, context);
    if (chords !== undefined) this.chords = chords;
    const notifier = keyValueNotifier(store, this.#keys);
    if (notifier !== undefined) this.notifier = notifier;
  }

  async open(context: ResultBackendContext, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    await this.#store.open(context, signal);
    this.#opened = context;
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  async store(records: readonly ResultRecord[]): Promise<void> {
    if (records.length === 0) return;
    const keys = records.map((record) => this.#keys.task(record.taskId));
    const final = await this.#finalAmong(keys);
    const { codec, expiresMs } = this.#context;
    const entries = new Map<string, KeyValueEntry>();
    for (const [index, record] of records.entries()) {
      const key = keys[index] as string;
      if (final.has(key)) continue;
      entries.set(key, entry(key, codec.encode(record), expiresMs));
      if (record.status === 'SUCCESS') final.add(key);
    }
    if (entries.size > 0) await this.#store.setMany([...entries.values()]);
  }

  async getMany(taskIds: readonly string[]): Promise<ReadonlyMap<string, ResultRecord>> {
    const stored = await this.#store.getMany(taskIds.map((taskId) => this.#keys.task(taskId)));
    const records = new Map<string, ResultRecord>();
    for (const [key, bytes] of stored) {
      const taskId = this.#keys.taskOf(key);
      records.set(taskId, this.#decode(taskId, bytes));
    }
    return records;
  }

  async forget(taskIds: readonly string[]): Promise<void> {
    await this.#store.deleteMany(taskIds.map((taskId) => this.#keys.task(taskId)));
  }

  get #context(): ResultBackendContext {
    if (this.#opened === undefined)
      throw new TypeError(`The result backend '${this.name}' is used before it was opened.`);
    return this.#opened;
  }

  /** celery 5.6 backends/base.py, KeyValueStoreBackend._store_result: a stored SUCCESS stays. */
  async #finalAmong(keys: readonly string[]): Promise<Set<string>> {
    const final = new Set<string>();
    for (const [key, bytes] of await this.#store.getMany(keys)) {
      if (this.#decode(this.#keys.taskOf(key), bytes).status === 'SUCCESS') final.add(key);
    }
    return final;
  }

  #decode(taskId: string, bytes: Uint8Array): ResultRecord {
    try {
      const record = this.#context.codec.decode(bytes);
      return record.taskId === taskId ? record : { ...record, taskId };
    } catch (error) {
      return unreadableResult(taskId, error);
    }
  }
}

/** celery 5.6 backends/base.py, _save_group: `{"result": <tuple>}`. */
function keyValueGroups(store: KeyValueStore, keys: ResultKeys, context: () => ResultBackendContext): GroupRole {
  return {
    async saveGroup(groupId, value) {
      const { codec, expiresMs } = context();
      await store.setMany([entry(keys.group(groupId), codec.encodeValue({ result: value }), expiresMs)]);
    },
    async getGroup(groupId) {
      const key = keys.group(groupId);
      const bytes = (await store.getMany([key])).get(key);
      const document = bytes === undefined ? undefined : context().codec.decodeValue(bytes);
      return typeof document === 'object' && document !== null && 'result' in document ? document.result : undefined;
    },
    async forgetGroup(groupId) {
      await store.deleteMany([keys.group(groupId)]);
    },
  };
}

function entry(key: string, value: Uint8Array, ttlMs: number | undefined): KeyValueEntry {
  return ttlMs === undefined ? { key, value } : { key, value, ttlMs };
}
