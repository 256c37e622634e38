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
      parent,
    );
  }
  return asyncResult(kernel.results, ids.id, {
    ...(parent === undefined ? {} : { parent }),
    ...(ids.ignored === true ? { ignored: true } : {}),
  });
}

/** The tuple of a workflow's result. */
export function tupleOf(ids: FrozenIds): ResultTuple {
  const parent = ids.parent === undefined ? null : tupleOf(ids.parent);
  return [[ids.id, parent], ids.members === undefined ? null : ids.members.map(tupleOf)];
}
