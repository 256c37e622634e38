import type { Kernel } from '../app/kernel.js';
import { asyncResult } from '../result/async-result.js';
import { groupResult } from '../result/group-result.js';
import type { AsyncResult, GroupResult } from '../result/result-handle.js';
import type { FrozenIds } from './freeze.js';

type Handle = AsyncResult<unknown> | GroupResult<unknown[]>;

/** Handles on the results of a workflow that was sent. */
export function resultsOf(kernel: Kernel, ids: FrozenIds): Handle {
  const parent = ids.parent === undefined ? undefined : resultsOf(kernel, ids.parent);
  if (ids.members !== undefined) {
    return groupResult(
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
