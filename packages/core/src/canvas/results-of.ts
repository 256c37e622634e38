import type { Kernel } from '../app/kernel.js';
import { asyncResult } from '../result/async-result.js';
import { groupResult } from '../result/group-result.js';
import type { AnyResult } from '../result/result-handle.js';
import type { ResultTuple } from '../result/result-record.js';
import type { FrozenIds } from './freeze.js';

/** Handles on the results of a workflow that was sent. */
export function resultsOf(kernel: Kernel, ids: FrozenIds): AnyResult {
  const parent = ids.parent === undefined ? undefined : resultsOf(kernel, ids.parent);
  if (ids.members !== undefined) {
    return groupResult(
      kernel.results,
      ids.id,
      ids.members.map((member) => resultsOf(kernel, member)),
      { parent, ...(ids.mayFail === undefined ? {} : { mayFail: ids.mayFail }) },
    );
  }
  return asyncResult(kernel.results, ids.id, {
    ...(parent === undefined ? {} : { parent }),
    ...(ids.ignored === true ? { ignored: true } : {}),
    ...(ids.conflict === undefined ? {} : { fate: { conflict: ids.conflict } }),
  });
}

/** The result by which a task remembers a workflow that it sent: that of what runs first (celery 5.6 canvas.py, _chain.run and group.apply_async). */
export function childOf(ids: FrozenIds): ResultTuple {
  return ids.parent === undefined ? tupleOf(ids) : childOf(ids.parent);
}

function tupleOf({ id, parent, members }: FrozenIds): ResultTuple {
  return [[id, parent === undefined ? null : tupleOf(parent)], members?.map(tupleOf) ?? null];
}
