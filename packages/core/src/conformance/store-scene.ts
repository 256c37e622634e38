import { randomUUID } from 'node:crypto';
import { type Clock, silentLogger } from '@ctq/runtime';
import type { KeyValueStore } from '../backend/key-value-store.js';

export interface StoreSceneOptions {
  readonly create: () => KeyValueStore;
  readonly clock: Clock;
  readonly patienceMs: number;
  readonly passTime: (ms: number) => Promise<void>;
}

/** A store with keys of its own, for one case. */
export class StoreScene {
  readonly patienceMs: number;
  readonly #options: StoreSceneOptions;
  readonly #prefix = `kit-${randomUUID()}-`;
  readonly #opened: KeyValueStore[] = [];

  constructor(options: StoreSceneOptions) {
    this.#options = options;
    this.patienceMs = options.patienceMs;
  }

  /** Each call is another client of the same store. */
  async open(): Promise<KeyValueStore> {
    const store = this.#options.create();
    this.#opened.push(store);
    await store.open({ clock: this.#options.clock, logger: silentLogger }, new AbortController().signal);
    return store;
  }

  key(name: string): string {
    return this.#prefix + name;
  }

  passTime(ms: number): Promise<void> {
    return this.#options.passTime(ms);
  }

  async close(): Promise<void> {
    for (const store of this.#opened) await store.close();
  }
}

export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function text(value: Uint8Array | undefined): string | undefined {
  return value === undefined ? undefined : new TextDecoder().decode(value);
}

/** What a store has under a key. */
export async function read(store: KeyValueStore, key: string): Promise<string | undefined> {
  return text((await store.getMany([key])).get(key));
}
