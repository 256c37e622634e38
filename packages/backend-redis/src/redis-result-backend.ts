import {
  type GroupRole,
  type KeyValueStore,
  keyValueBackend,
  type ResultBackend,
  type ResultBackendContext,
  type ResultBackendManifest,
  ResultKeys,
  type ResultNotifier,
  type ResultRecord,
} from '@ctq/core/backend';
import type { RedisBackendConfig } from './redis-backend-options.js';
import { RedisChords } from './redis-chords.js';
import { RedisKeyValueStore } from './redis-key-value-store.js';
import { RedisNotifier } from './redis-notifier.js';
import { storeResultsScript } from './store-results.js';
import { storableDocument } from './value-limit.js';
import { WriteRetries } from './write-retries.js';

const supports: ResultBackendManifest = { durability: 'client-loss', reach: 'network', expiry: 'native' };

/**
 * Results under Celery's keys: what every key-value backend does, with two things that Redis does better: storing and telling is one step, and chords are joined on
 * the server.
 */
export class RedisResultBackend implements ResultBackend {
  readonly spec = 1;
  readonly name = 'redis';
  readonly supports: ResultBackendManifest = supports;
  readonly url: string;
  readonly groups: GroupRole;
  readonly chords: RedisChords;
  readonly notifier: ResultNotifier;
  readonly #config: RedisBackendConfig;
  readonly #store: RedisKeyValueStore;
  readonly #keys: ResultKeys;
  readonly #general: ResultBackend;
  readonly #retries: WriteRetries;
  #context: ResultBackendContext | undefined;

  constructor(config: RedisBackendConfig) {
    this.#config = config;
    const { globalKeyprefix: globalKeyPrefix } = config;
    this.#store = new RedisKeyValueStore(config);
    this.#keys = new ResultKeys(globalKeyPrefix);
    this.url = this.#store.url;
    const general = keyValueBackend(this.#store, { supports, globalKeyPrefix });
    const { groups } = general;
    if (groups === undefined) throw new TypeError('Key-value backends save groups.');
    const context = (): ResultBackendContext => this.#opened();
    const { connection } = this.#store;
    this.#general = general;
    this.#retries = new WriteRetries(config.retryPolicy, context);
    this.groups = {
      saveGroup: (groupId, value) => this.#retries.run(() => groups.saveGroup(groupId, value)),
      getGroup: (groupId) => groups.getGroup(groupId),
      forgetGroup: (groupId) => this.#retries.run(() => groups.forgetGroup(groupId)),
    };
    this.notifier = new RedisNotifier({ connection, context, keys: this.#keys });
    this.chords = new RedisChords({
      connection,
      context,
      groupKey: (groupId) => this.#keys.group(groupId),
      isOrdered: config.resultChordOrdered,
      retries: this.#retries,
    });
  }

  async open(context: ResultBackendContext, signal: AbortSignal): Promise<void> {
    await this.#general.open(context, signal);
    this.#context = context;
  }

  close(): Promise<void> {
    this.#retries.stop();
    return this.#general.close();
  }

  keyValueStore(): KeyValueStore {
    return new RedisKeyValueStore(this.#config, this.#config.globalKeyprefix);
  }

  async store(records: readonly ResultRecord[]): Promise<void> {
    if (records.length === 0) return;
    const { codec, expiresMs } = this.#opened();
    const keys = records.map(({ taskId }) => this.#keys.task(taskId));
    const documents = records.map((record) => storableDocument(codec, record));
    const ttl = expiresMs === undefined ? 0 : Math.max(1, Math.ceil(expiresMs));
    await this.#retries.run(() =>
      this.#store.connection.write((client) => storeResultsScript.run(client, keys, [ttl, ...documents])),
    );
  }

  getMany(taskIds: readonly string[]): Promise<ReadonlyMap<string, ResultRecord>> {
    return this.#general.getMany(taskIds);
  }

  forget(taskIds: readonly string[]): Promise<void> {
    return this.#retries.run(() => this.#general.forget(taskIds));
  }

  #opened(): ResultBackendContext {
    if (this.#context === undefined) throw new TypeError('The Redis result backend is used before it was opened.');
    return this.#context;
  }
}
