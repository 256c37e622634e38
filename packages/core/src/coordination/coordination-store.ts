import { type Clock, ConfigurationError, type Logger } from '@ctq/runtime';
import type { KeyValueStore } from '../backend/key-value-store.js';
import { BackendConnectionError } from '../errors/result-errors.js';
import { runOutsideOfTasks } from '../execute/current-task.js';
import type { AtomicStore } from './atomic-store.js';

export interface CoordinationStoreOptions {
  /** The store that the app was given, or that its results lead to. @throws ConfigurationError when there is none. */
  readonly configured: () => Promise<KeyValueStore>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Where an app coordinates with other processes: one key-value store, opened by the first use and closed with the app. Its keys are made by `coordinationKey`.
 */
export class CoordinationStore {
  readonly #options: CoordinationStoreOptions;
  readonly #closing = new AbortController();
  #open: Promise<AtomicStore> | undefined;

  constructor(options: CoordinationStoreOptions) {
    this.#options = options;
  }

  /** The opened store. When it cannot be opened the next use tries again. */
  store(): Promise<AtomicStore> {
    if (this.#open !== undefined) return this.#open;
    const opening = runOutsideOfTasks(() => this.#openStore());
    this.#open = opening;
    opening.catch(() => {
      if (this.#open === opening) this.#open = undefined;
    });
    return opening;
  }

  /** Idempotent. */
  async close(): Promise<void> {
    const opening = this.#open;
    this.#closing.abort(closedError());
    const store = await opening?.catch(() => undefined);
    await store?.close();
  }

  async #openStore(): Promise<AtomicStore> {
    this.#closing.signal.throwIfAborted();
    const { configured, clock, logger } = this.#options;
    const store = await configured();
    if (!isAtomic(store)) {
      throw new ConfigurationError(
        'CTQ_STORE_NOT_ATOMIC',
        `The key-value store '${store.name}' cannot be coordinated over: it has no compareAndSet, compareAndDelete and getVersioned. Give the app another one: new Ctq('name', { store: 'redis://…' }).`,
        { details: { store: store.name } },
      );
    }
    await store.open({ clock, logger }, this.#closing.signal);
    return store;
  }
}

function isAtomic(store: KeyValueStore): store is AtomicStore {
  const { compareAndSet, compareAndDelete, getVersioned } = store;
  return compareAndSet !== undefined && compareAndDelete !== undefined && getVersioned !== undefined;
}

function closedError(): Error {
  return new BackendConnectionError('The app was closed; so is its key-value store.', { recoverable: false });
}
