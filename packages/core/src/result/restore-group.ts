import { resultFromTuple } from './async-result.js';
import { groupsOf } from './group-result.js';
import type { GroupResult } from './result-handle.js';
import type { ResultStore } from './result-store.js';

/** The group that was saved under the id; undefined when there is none. */
export async function restoreGroup(store: ResultStore, id: string): Promise<GroupResult<unknown[]> | undefined> {
  const tuple = await (await groupsOf(store)).getGroup(id);
  if (tuple === undefined || tuple === null) return undefined;
  const result = resultFromTuple(store, tuple);
  return 'results' in result ? result : undefined;
}
