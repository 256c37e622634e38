import type { AnyResult } from './result-handle.js';

/** Of the tasks that a result is made of; of those whose results are ignored nothing will ever be known. */
export function taskIdsOf(result: AnyResult): readonly string[] {
  if ('results' in result) return result.results.flatMap(taskIdsOf);
  return result.ignored ? [] : [result.id];
}
