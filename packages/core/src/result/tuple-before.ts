import type { AnyResult } from './result-handle.js';
import type { ResultTuple } from './result-record.js';

/**
 * What a tuple says that was before a result. A header whose members may fail is left out: whoever makes a result of the tuple, Python too, would take their failure for that of what
 * follows.
 */
export function tupleBefore(result: AnyResult): ResultTuple | null {
  const { parent } = result;
  if (parent === undefined) return null;
  return 'results' in parent && parent.mayFail ? tupleBefore(parent) : parent.asTuple();
}
