import type { QueueStore } from '../store/queue-store.js';

/**
 * A store of which some members are replaced: for tests of what happens when a store fails, and of a kit that has to notice.
 *
 * @param change makes the replacements; it is given the sound store to call.
 */
export function tamperedStore(sound: QueueStore, change: (sound: QueueStore) => Partial<QueueStore>): QueueStore {
  const changes = change(sound);
  return new Proxy(sound, {
    get(target, key): unknown {
      if (key in changes) return Reflect.get(changes, key);
      const value: unknown = Reflect.get(target, key);
      // Classes keep their state in private fields, which a proxy does not have.
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
