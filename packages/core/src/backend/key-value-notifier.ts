import type { KeyValueStore } from './key-value-store.js';
import type { ResultListener, ResultNotifier } from './result-backend.js';
import type { ResultKeys } from './result-keys.js';

/** Tells of stored results where the store tells of set keys; undefined where it does not, and results are polled. */
export function keyValueNotifier(store: KeyValueStore, keys: ResultKeys): ResultNotifier | undefined {
  const watch = store.watch?.bind(store);
  if (watch === undefined) return undefined;
  return {
    listen: (onStored) => Promise.resolve(new KeyValueListener(watch, keys, onStored)),
  };
}

type Watch = NonNullable<KeyValueStore['watch']>;

/** Ids that were watched in one call; the store's watch ends when all of them are unwatched. */
interface Watched {
  readonly taskIds: Set<string>;
  close(): Promise<void>;
}

class KeyValueListener implements ResultListener {
  readonly #watch: Watch;
  readonly #keys: ResultKeys;
  readonly #onStored: (taskIds: readonly string[]) => void;
  readonly #watched = new Map<string, Watched>();
  #isClosed = false;

  constructor(watch: Watch, keys: ResultKeys, onStored: (taskIds: readonly string[]) => void) {
    this.#watch = watch;
    this.#keys = keys;
    this.#onStored = onStored;
  }

  async watch(taskIds: readonly string[]): Promise<void> {
    const added = taskIds.filter((taskId) => !this.#watched.has(taskId));
    if (added.length === 0 || this.#isClosed) return;
    const handle = await this.#watch(
      added.map((taskId) => this.#keys.task(taskId)),
      (keys) => {
        if (!this.#isClosed) this.#onStored(keys.map((key) => this.#keys.taskOf(key)));
      },
    );
    const watched: Watched = { taskIds: new Set(added), close: () => handle.close() };
    if (this.#isClosed) await watched.close();
    for (const taskId of added) this.#watched.set(taskId, watched);
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
