import type { ResultBackend, ResultReaders } from '../backend/result-backend.js';
import type { Settings } from '../config/settings.js';
import { backendDefaults } from './adapter-defaults.js';
import type { AdapterResolver } from './adapters.js';

/** Which result backend an app has: the object that it was given, the URL that was named over it, or what its settings say. */
export class BackendChoice {
  #object: ResultBackend | undefined;
  #url: string | undefined;

  /** @param given a URL is among the settings. */
  constructor(given: string | ResultBackend | undefined) {
    this.#object = typeof given === 'string' ? undefined : given;
  }

  /** The one that was given, unless another was named since. */
  get object(): ResultBackend | undefined {
    return this.#object;
  }

  override(url: string): void {
    this.#object = undefined;
    this.#url = url;
  }

  /** Who can read its results, known without loading it. */
  readers(settings: Settings, resolver: AdapterResolver): ResultReaders {
    if (this.#object !== undefined) return this.#object.supports.readers ?? 'anyone';
    return resolver.readersOf(this.#url ?? settings.resultBackend);
  }

  async make(settings: Settings, resolver: AdapterResolver): Promise<ResultBackend> {
    const { resultBackend, resultBackendTransportOptions } = settings;
    return await resolver.backend(this.#url ?? resultBackend, resultBackendTransportOptions, backendDefaults(settings));
  }
}
