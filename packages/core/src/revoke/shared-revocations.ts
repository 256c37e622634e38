import { type Clock, durationMs } from '@ctq/runtime';
import type { Settings } from '../config/settings.js';
import type { AtomicStore } from '../coordination/atomic-store.js';
import { coordinationKey } from '../coordination/coordination-key.js';
import type { Revocation } from './revocation.js';

/** The most that is kept: every change writes all of it. Workers remember more. */
const mostKept = 10_000;

export interface SharedRevocationsOptions {
  readonly store: () => Promise<AtomicStore>;
  readonly settings: () => Settings;
  readonly clock: Clock;
}

/** What the processes of an app have revoked: one document in its key-value store, which workers watch. */
export class SharedRevocations {
  readonly #options: SharedRevocationsOptions;

  constructor(options: SharedRevocationsOptions) {
    this.#options = options;
  }

  /** Resolves when it is stored: whoever starts from now on knows. @throws ConfigurationError without a store. */
  async add(revocations: readonly Revocation[]): Promise<void> {
    const store = await this.#options.store();
    for (;;) {
      const found = await store.getVersioned(key);
      const kept = [...this.#fresh(read(found?.value)), ...revocations].slice(-mostKept);
      const value = new TextEncoder().encode(JSON.stringify(kept));
      if ((await store.compareAndSet(key, found?.version ?? 0, value, this.#keptMs)) !== undefined) return;
    }
  }

  /** Those that count, the oldest first. */
  async load(): Promise<readonly Revocation[]> {
    const store = await this.#options.store();
    return this.#fresh(read((await store.getMany([key])).get(key)));
  }

  /** Calls back after each change, where the store can tell. */
  async watch(onChange: () => void): Promise<{ close(): Promise<void> } | undefined> {
    const store = await this.#options.store();
    return await store.watch?.([key], onChange);
  }

  get #keptMs(): number {
    return durationMs(this.#options.settings().workerRevokeExpires);
  }

  #fresh(revocations: readonly Revocation[]): readonly Revocation[] {
    const oldest = this.#options.clock.now() - this.#keptMs;
    return revocations.filter(({ at }) => at > oldest);
  }
}

const key = coordinationKey('revoked', 'all');

function read(bytes: Uint8Array | undefined): readonly Revocation[] {
  return bytes === undefined ? [] : (JSON.parse(new TextDecoder().decode(bytes)) as Revocation[]);
}
