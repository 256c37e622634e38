import type {
  OnStored,
  ResultBackendContext,
  ResultKeys,
  ResultListener,
  ResultNotifier,
  ResultRecord,
} from '@ctq/core/backend';
import type { RedisConnection } from './redis-connection.js';

export interface RedisNotifierOptions {
  readonly connection: RedisConnection;
  readonly context: () => ResultBackendContext;
  readonly keys: ResultKeys;
}

/** Tells of results by the channel of their key, on which Celery publishes the whole document (celery 5.6 backends/redis.py, RedisBackend._set). */
export class RedisNotifier implements ResultNotifier {
  readonly #options: RedisNotifierOptions;

  constructor(options: RedisNotifierOptions) {
    this.#options = options;
  }

  listen(onStored: OnStored): Promise<ResultListener> {
    return Promise.resolve(new RedisListener(this.#options, onStored));
  }
}

/** One waiting process: all that it waits for is subscribed to on one connection. */
class RedisListener implements ResultListener {
  readonly #options: RedisNotifierOptions;
  readonly #onStored: OnStored;
  readonly #watched = new Map<string, Promise<() => Promise<void>>>();
  readonly #stopListening: () => void;
  #isClosed = false;

  constructor(options: RedisNotifierOptions, onStored: OnStored) {
    this.#options = options;
    this.#onStored = onStored;
    // What was published while the connection was lost was told to nobody.
    this.#stopListening = options.connection.onResumed(() => {
      if (this.#watched.size > 0) onStored([...this.#watched.keys()]);
    });
  }

  async watch(taskIds: readonly string[]): Promise<void> {
    if (this.#isClosed) return;
    const { connection, keys } = this.#options;
    const listening: Promise<unknown>[] = [];
    for (const taskId of taskIds) {
      if (this.#watched.has(taskId)) continue;
      const ending = connection.listen(keys.task(taskId), (_channel, message) => this.#tell(taskId, message));
      this.#watched.set(taskId, ending);
      // Whoever watches next tries again.
      ending.catch(() => this.#watched.delete(taskId));
      listening.push(ending);
    }
    await Promise.all(listening);
  }

  async unwatch(taskIds: readonly string[]): Promise<void> {
    const endings = taskIds.map((taskId) => this.#watched.get(taskId));
    for (const taskId of taskIds) this.#watched.delete(taskId);
    await Promise.all(endings.map(async (ending) => (await ending)?.()));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#stopListening();
    await this.unwatch([...this.#watched.keys()]);
  }

  #tell(taskId: string, message: string): void {
    if (this.#isClosed) return;
    const record = this.#read(taskId, message);
    if (record === undefined) this.#onStored([taskId]);
    else this.#onStored([taskId], new Map([[taskId, record]]));
  }

  /** Undefined for what has to be looked up: what is no text did not survive being read as such. */
  #read(taskId: string, message: string): ResultRecord | undefined {
    const { codec } = this.#options.context();
    if (!codec.isText || message.includes('\uFFFD')) return undefined;
    try {
      const record = codec.decode(Buffer.from(message));
      return record.taskId === taskId ? record : { ...record, taskId };
    } catch {
      return undefined;
    }
  }
}
