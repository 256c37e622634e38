import type { ResultCodec, ResultRecord } from '../result/result-record.js';
import type { KeyValueStore } from './key-value-store.js';
import type { OnStored, ResultListener, ResultNotifier } from './result-backend.js';
import type { ResultKeys } from './result-keys.js';

/** Tells of stored results where the store tells of set keys; undefined where it does not, and results are polled. */
export function keyValueNotifier(
  store: KeyValueStore,
  keys: ResultKeys,
  codec: () => ResultCodec,
): ResultNotifier | undefined {
  const watch = store.watch?.bind(store);
  if (watch === undefined) return undefined;
  return {
    listen: (onStored) => Promise.resolve(new KeyValueListener({ watch, keys, codec: codec(), onStored })),
  };
}

type Watch = NonNullable<KeyValueStore['watch']>;

const noValues: ReadonlyMap<string, Uint8Array> = new Map();

/** Ids that were watched in one call; the store's watch ends when all of them are unwatched. */
interface Watched {
  readonly taskIds: Set<string>;
  close(): Promise<void>;
}

interface KeyValueListenerOptions {
  readonly watch: Watch;
  readonly keys: ResultKeys;
  readonly codec: ResultCodec;
  readonly onStored: OnStored;
}

class KeyValueListener implements ResultListener {
  readonly #watch: Watch;
  readonly #keys: ResultKeys;
  readonly #codec: ResultCodec;
  readonly #onStored: OnStored;
  readonly #watched = new Map<string, Watched>();
  #isClosed = false;

  constructor({ watch, keys, codec, onStored }: KeyValueListenerOptions) {
    this.#watch = watch;
    this.#keys = keys;
    this.#codec = codec;
    this.#onStored = onStored;
  }

  async watch(taskIds: readonly string[]): Promise<void> {
    const added = taskIds.filter((taskId) => !this.#watched.has(taskId));
    if (added.length === 0 || this.#isClosed) return;
    const handle = await this.#watch(
      added.map((taskId) => this.#keys.task(taskId)),
      (keys, values) => this.#tell(keys, values),
    );
    const watched: Watched = { taskIds: new Set(added), close: () => handle.close() };
    if (this.#isClosed) await watched.close();
    for (const taskId of added) this.#watched.set(taskId, watched);
  }

  #tell(keys: readonly string[], values: ReadonlyMap<string, Uint8Array> = noValues): void {
    if (this.#isClosed) return;
    const records = new Map<string, ResultRecord>();
    for (const [key, value] of values) {
      try {
        records.set(this.#keys.taskOf(key), this.#codec.decode(value));
      } catch {
        // It is read from the store, where what is wrong with it comes to light.
      }
    }
    this.#onStored(
      keys.map((key) => this.#keys.taskOf(key)),
      records,
    );
  }

  async unwatch(taskIds: readonly string[]): Promise<void> {
    const ended: Watched[] = [];
    for (const taskId of taskIds) {
      const watched = this.#watched.get(taskId);
      this.#watched.delete(taskId);
      if (watched?.taskIds.delete(taskId) && watched.taskIds.size === 0) ended.push(watched);
    }
    await Promise.all(ended.map((watched) => watched.close()));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.unwatch([...this.#watched.keys()]);
  }
}
