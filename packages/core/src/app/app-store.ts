import { ConfigurationError } from '@ctq/runtime';
import type { KeyValueStore } from '../backend/key-value-store.js';
import { memoryStore } from '../backend/memory-store.js';
import type { ResultBackend } from '../backend/result-backend.js';
import type { Settings } from '../config/settings.js';
import { backendDefaults } from './adapter-defaults.js';
import type { AdapterResolver } from './adapters.js';

export interface AppStoreOptions {
  /** As the app was given it. */
  readonly given: string | KeyValueStore | undefined;
  /** As the app was given it. */
  readonly backend: string | ResultBackend | undefined;
  readonly settings: Settings;
  readonly resolver: () => AdapterResolver;
}

/**
 * The key-value store of an app, not opened: the one that it was given, else one where its results are. Calls that run in place coordinate in the memory
 * of the process, as their results are kept there.
 * @throws ConfigurationError when nothing says where it could be.
 */
export async function appStore({ given, backend, settings, resolver }: AppStoreOptions): Promise<KeyValueStore> {
  if (settings.taskAlwaysEager && !settings.taskStoreEagerResult) return memoryStore();
  if (given !== undefined && typeof given !== 'string') return given;
  if (given === undefined && backend !== undefined && typeof backend !== 'string') {
    const store = backend.keyValueStore?.();
    if (store === undefined) throw noStore(`its result backend '${backend.name}' has no key-value store beside it`);
    return store;
  }
  const url = given ?? (backend as string | undefined) ?? settings.resultBackend;
  const options = given === undefined ? settings.resultBackendTransportOptions : {};
  const store = await resolver().store(url, options, backendDefaults(settings));
  if (store === undefined) throw noStore('its result backend has none, or it has no result backend at all');
  return store;
}

function noStore(reason: string): ConfigurationError {
  return new ConfigurationError(
    'CTQ_NO_STORE',
    `The app needs a key-value store to coordinate with other processes, and ${reason}. Name one: new Ctq('name', { store: 'redis://…' }).`,
  );
}
