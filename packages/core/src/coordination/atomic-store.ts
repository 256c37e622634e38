import type { KeyValueStore } from '../backend/key-value-store.js';

/** A store over which several processes can agree. */
export type AtomicStore = KeyValueStore &
  Required<Pick<KeyValueStore, 'compareAndSet' | 'compareAndDelete' | 'getVersioned'>>;
