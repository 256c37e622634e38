import type { Kernel } from '../app/kernel.js';
import { asyncResult } from '../result/async-result.js';
import type { AsyncResult } from '../result/result-handle.js';
import type { TaskOptions } from '../task/task-options.js';
import type { UniqueConflict } from '../unique/unique-options.js';
import type { CallOptions } from './call-options.js';

const ignored = { ignored: true };

/** The handle on a call that was sent, or that has met another one: on that one, where it is returned. */
export function resultOfCall<R>(
  { results, settings }: Kernel,
  id: string,
  options: CallOptions,
  task: TaskOptions | undefined,
  conflict: UniqueConflict | undefined,
): AsyncResult<R> {
  const isIgnored = options.ignoreResult ?? task?.ignoreResult ?? settings.taskIgnoreResult;
  const { outbox } = options;
  if (outbox !== undefined) {
    const fate = {
      get conflict() {
        return outbox.conflictOf(id);
      },
    };
    return asyncResult(results, id, { ignored: isIgnored, fate });
  }
  if (conflict === undefined) return asyncResult(results, id, isIgnored ? ignored : undefined);
  return asyncResult(results, conflict.outcome === 'returned' ? conflict.id : id, {
    ignored: isIgnored,
    fate: { conflict },
  });
}
