import { asyncResult } from './async-result.js';
import { StoredCollection } from './result-collection.js';
import type { AsyncResult, ResultSet } from './result-handle.js';
import type { ResultStore } from './result-store.js';

/** Results that a program gathers for itself. */
export function resultSet<T>(store: ResultStore, results: Iterable<AsyncResult<T>>): ResultSet<T> {
  const set = new StoredSet<T>(store);
  set.update(results);
  return set;
}

class StoredSet<T> extends StoredCollection<T[]> implements ResultSet<T> {
  /** By id: handles of one task are one member. */
  readonly #members = new Map<string, AsyncResult<T>>();

  get results(): readonly AsyncResult<unknown>[] {
    return [...this.#members.values()];
  }

  override get length(): number {
    return this.#members.size;
  }

  add(result: AsyncResult<T> | string): void {
    const member = typeof result === 'string' ? asyncResult<T>(this.store, result) : result;
    if (!this.#members.has(member.id)) this.#members.set(member.id, member);
  }

  update(results: Iterable<AsyncResult<T>>): void {
    for (const result of results) this.add(result);
  }

  remove(result: AsyncResult<T> | string): void {
    const id = idOf(result);
    if (!this.#members.delete(id)) throw new RangeError(`The result ${id} is no member of the set.`);
  }

  discard(result: AsyncResult<T> | string): void {
    this.#members.delete(idOf(result));
  }

  clear(): void {
    this.#members.clear();
  }
}

function idOf(result: { readonly id: string } | string): string {
  return typeof result === 'string' ? result : result.id;
}
