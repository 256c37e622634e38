import type { GroupRole } from '../backend/result-backend.js';
import { NoGroupSupportError, NoResultBackendError } from '../errors/result-errors.js';
import { StoredCollection } from './result-collection.js';
import type { AnyResult, GroupResult } from './result-handle.js';
import type { ResultTuple } from './result-record.js';
import type { ResultStore } from './result-store.js';
import { tupleBefore } from './tuple-before.js';

/** Where a group stands in its workflow. */
export interface GroupPlace {
  readonly parent?: AnyResult | undefined;
  readonly mayFail?: boolean;
}

/** A handle on the outcomes of a group. */
export function groupResult<R extends unknown[]>(
  store: ResultStore,
  id: string,
  results: readonly AnyResult[],
  place: GroupPlace = {},
): GroupResult<R> {
  return new StoredGroup<R>(store, id, results, place);
}

class StoredGroup<R extends unknown[]> extends StoredCollection<R> implements GroupResult<R> {
  readonly id: string;
  readonly results: readonly AnyResult[];
  readonly parent: AnyResult | undefined;
  readonly mayFail: boolean;

  constructor(store: ResultStore, id: string, results: readonly AnyResult[], { parent, mayFail }: GroupPlace) {
    super(store);
    this.id = id;
    this.results = results;
    this.parent = parent;
    this.mayFail = mayFail ?? false;
  }

  protected override get whole(): readonly AnyResult[] {
    return [this];
  }

  async save(): Promise<void> {
    await (await groupsOf(this.store)).saveGroup(this.id, this.asTuple());
  }

  async delete(): Promise<void> {
    await (await groupsOf(this.store)).forgetGroup(this.id);
  }

  children(): Promise<readonly AnyResult[]> {
    return Promise.resolve(this.results);
  }

  toJSON(): ResultTuple {
    return this.asTuple();
  }

  asTuple(): ResultTuple {
    return [[this.id, tupleBefore(this)], this.results.map((member) => member.asTuple())];
  }

  asList(): readonly string[] {
    return [this.id, ...(this.parent?.asList() ?? [])];
  }
}

/** @throws NoGroupSupportError, NoResultBackendError. */
export async function groupsOf(store: ResultStore): Promise<GroupRole> {
  const { groups, name } = await store.backend();
  if (groups !== undefined) return groups;
  throw name === 'disabled' ? new NoResultBackendError() : new NoGroupSupportError(name);
}
