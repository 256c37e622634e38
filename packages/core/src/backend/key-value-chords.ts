import type { KeyValueEntry, KeyValueStore } from './key-value-store.js';
import type { ChordPart, ChordProgress, ChordRole, ResultBackendContext } from './result-backend.js';
import type { ResultKeys } from './result-keys.js';

/**
 * Joins chords over a store that can count atomically; undefined where it cannot. A part takes the next place, writes itself there, and then adds
 * itself to the number of those written: whoever brings that to the size is the last, sees all others, and is the only one. A redelivered task
 * takes a second place and a worker that died may have left one empty, so at and beyond the size the tasks in the places are counted. Tasks for which the chord grows are
 * written down in places of their own.
 */
export function keyValueChords(
  store: KeyValueStore,
  keys: ResultKeys,
  context: () => ResultBackendContext,
): ChordRole | undefined {
  const increment = incrementOf(store);
  return increment === undefined ? undefined : new KeyValueChords(store, increment, keys, context);
}

type Increment = (key: string, by: number, ttlMs?: number) => Promise<number>;

class KeyValueChords implements ChordRole {
  readonly #store: KeyValueStore;
  readonly #increment: Increment;
  readonly #keys: ResultKeys;
  readonly #context: () => ResultBackendContext;

  constructor(store: KeyValueStore, increment: Increment, keys: ResultKeys, context: () => ResultBackendContext) {
    this.#store = store;
    this.#increment = increment;
    this.#keys = keys;
    this.#context = context;
  }

  async openChord(groupId: string, size: number): Promise<void> {
    await this.#store.setMany([this.#entry(this.#keys.chord(groupId, 'size'), encodeCount(size))]);
  }

  async growChord(groupId: string, taskId: string): Promise<boolean> {
    const isNew = !(await this.#added(groupId)).has(taskId);
    if (isNew) await this.#change(groupId, [taskId, true]);
    return isNew;
  }

  async shrinkChord(groupId: string, taskId: string): Promise<void> {
    await this.#change(groupId, [taskId, false]);
  }

  async addPart(groupId: string, part: ChordPart): Promise<ChordProgress> {
    const { codec, expiresMs } = this.#context();
    const place = await this.#increment(this.#keys.chord(groupId, 'count'), 1, expiresMs);
    const document = [part.taskId, part.index ?? null, part.state, part.result];
    await this.#store.setMany([this.#entry(this.#keys.chord(groupId, place), codec.encodeValue(document))]);
    const written = await this.#increment(this.#keys.chord(groupId, 'written'), 1, expiresMs);
    const { places, size } = await this.#standing(groupId);
    if (size === undefined || written < size) return { count: written, size };
    return { count: (await this.#parts(groupId, places)).length, size };
  }

  async parts(groupId: string): Promise<readonly ChordPart[]> {
    return this.#parts(groupId, (await this.#standing(groupId)).places);
  }

  async closeChord(groupId: string): Promise<void> {
    const entries = ['count', 'changes'] as const;
    const keys = entries.map((entry) => this.#keys.chord(groupId, entry));
    const found = await this.#store.getMany(keys);
    const [places = 0, changes = 0] = keys.map((key) => decodeCount(found.get(key)));
    await this.#store.deleteMany([
      this.#keys.chord(groupId, 'size'),
      this.#keys.chord(groupId, 'written'),
      ...keys,
      ...this.#places(groupId, places),
      ...this.#changes(groupId, changes),
    ]);
  }

  async #change(groupId: string, change: readonly [taskId: string, isAdded: boolean]): Promise<void> {
    const { codec, expiresMs } = this.#context();
    const place = await this.#increment(this.#keys.chord(groupId, 'changes'), 1, expiresMs);
    const key = this.#keys.chord(groupId, `change${place}`);
    await this.#store.setMany([this.#entry(key, codec.encodeValue(change))]);
  }

  /** The tasks for which it grew. Whoever adds one is no part yet, so what is being written at this moment is not needed. */
  async #added(groupId: string, known?: number): Promise<ReadonlySet<string>> {
    const countKey = this.#keys.chord(groupId, 'changes');
    const changes = known ?? decodeCount((await this.#store.getMany([countKey])).get(countKey)) ?? 0;
    const added = new Set<string>();
    if (changes === 0) return added;
    const keys = this.#changes(groupId, changes);
    const found = await this.#store.getMany(keys);
    for (const key of keys) {
      const bytes = found.get(key);
      if (bytes === undefined) continue;
      const [taskId, isAdded] = this.#context().codec.decodeValue(bytes) as readonly [string, boolean];
      if (isAdded) added.add(taskId);
      else added.delete(taskId);
    }
    return added;
  }

  #changes(groupId: string, count: number): readonly string[] {
    return Array.from({ length: count }, (_, index) => this.#keys.chord(groupId, `change${index + 1}`));
  }

  async #standing(groupId: string): Promise<{ readonly places: number; readonly size: number | undefined }> {
    const sizeKey = this.#keys.chord(groupId, 'size');
    const countKey = this.#keys.chord(groupId, 'count');
    const changesKey = this.#keys.chord(groupId, 'changes');
    const found = await this.#store.getMany([sizeKey, countKey, changesKey]);
    const added = await this.#added(groupId, decodeCount(found.get(changesKey)) ?? 0);
    const opened = decodeCount(found.get(sizeKey));
    const size = opened === undefined ? undefined : opened + added.size;
    return { places: decodeCount(found.get(countKey)) ?? 0, size };
  }

  async #parts(groupId: string, places: number): Promise<readonly ChordPart[]> {
    const keys = this.#places(groupId, places);
    const found = await this.#store.getMany(keys);
    const parts = new Map<string, ChordPart>();
    for (const key of keys) {
      const bytes = found.get(key);
      if (bytes === undefined) continue;
      const part = decodePart(this.#context().codec.decodeValue(bytes));
      if (!parts.has(part.taskId)) parts.set(part.taskId, part);
    }
    // Parts without an index are last, as with Celery's score of +inf; the sort keeps the order of arrival among equals.
    return [...parts.values()].sort((a, b) => compare(a.index, b.index));
  }

  #places(groupId: string, count: number): readonly string[] {
    return Array.from({ length: count }, (_, index) => this.#keys.chord(groupId, index + 1));
  }

  #entry(key: string, value: Uint8Array): KeyValueEntry {
    const { expiresMs } = this.#context();
    return expiresMs === undefined ? { key, value } : { key, value, ttlMs: expiresMs };
  }
}

function incrementOf(store: KeyValueStore): Increment | undefined {
  if (store.increment !== undefined) return store.increment.bind(store);
  const { compareAndSet, getVersioned } = store;
  if (compareAndSet === undefined || getVersioned === undefined) return undefined;
  return async (key, by, ttlMs) => {
    for (;;) {
      const found = await getVersioned.call(store, key);
      const sum = (decodeCount(found?.value) ?? 0) + by;
      // Somebody else's success is what makes this one fail, so the loop ends.
      if ((await compareAndSet.call(store, key, found?.version ?? 0, encodeCount(sum), ttlMs)) !== undefined)
        return sum;
    }
  };
}

function encodeCount(count: number): Uint8Array {
  return new TextEncoder().encode(String(count));
}

function decodeCount(bytes: Uint8Array | undefined): number | undefined {
  return bytes === undefined ? undefined : Number(new TextDecoder().decode(bytes));
}

function decodePart(document: unknown): ChordPart {
  const [taskId, index, state, result] = document as readonly [string, number | null, string, unknown];
  return { taskId, index: index ?? undefined, state, result };
}

function compare(a: number | undefined, b: number | undefined): number {
  if (a === b) return 0;
  return (a ?? Number.POSITIVE_INFINITY) < (b ?? Number.POSITIVE_INFINITY) ? -1 : 1;
}
