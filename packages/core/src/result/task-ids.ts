import type { AnyResult, AsyncResult } from './result-handle.js';

/** Of the tasks that a result is made of; of those whose results are ignored nothing will ever be known. */
export function taskIdsOf(result: AnyResult): readonly string[] {
  if ('results' in result) return result.results.flatMap(taskIdsOf);
  return result.ignored ? [] : [result.id];
}

/** Whose outcome a result is: of a unique call that met another one perhaps that one's. */
export function taskIdOf({ id, conflict }: Pick<AsyncResult<unknown>, 'id' | 'conflict'>): string {
  return conflict?.outcome === 'returned' ? conflict.id : id;
}
