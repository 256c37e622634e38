import { ConfigurationError } from '@ctq/runtime';
import { keyValueChords } from '../backend/key-value-chords.js';
import type { KeyValueStore } from '../backend/key-value-store.js';
import type { ChordRole, ResultBackend, ResultBackendContext } from '../backend/result-backend.js';
import { ResultKeys } from '../backend/result-keys.js';
import { NoChordSupportError } from '../errors/task-errors.js';

export interface AppChordsOptions {
  /** The opened result backend. */
  readonly backend: () => Promise<ResultBackend>;
  /** The opened key-value store. @throws ConfigurationError when there is none. */
  readonly store: () => Promise<KeyValueStore>;
  /** What parts are kept as, and for how long. */
  readonly context: () => ResultBackendContext;
}

/** Who joins the chords of an app: its result backend, or the app's key-value store where that keeps nothing that could be counted. */
export class AppChords {
  readonly #options: AppChordsOptions;
  /** By the store that they are counted in. */
  #overStore: { readonly store: KeyValueStore; readonly chords: ChordRole | undefined } | undefined;

  constructor(options: AppChordsOptions) {
    this.#options = options;
  }

  /** @throws NoChordSupportError when neither can. */
  async role(): Promise<ChordRole> {
    const { chords, name } = await this.#options.backend();
    const role = chords ?? (await this.#inStore(name));
    if (role === undefined) throw new NoChordSupportError(name);
    return role;
  }

  async #inStore(backend: string): Promise<ChordRole | undefined> {
    const { store: open, context } = this.#options;
    let store: KeyValueStore;
    try {
      store = await open();
    } catch (cause) {
      throw ConfigurationError.isInstance(cause) ? new NoChordSupportError(backend, { cause }) : cause;
    }
    if (this.#overStore?.store !== store)
      this.#overStore = { store, chords: keyValueChords(store, new ResultKeys(), context) };
    return this.#overStore.chords;
  }
}
