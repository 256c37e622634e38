import { BackendStoreError } from '../errors/result-errors.js';
import type { ResultStore } from './result-store.js';
import { readyStates } from './states.js';

/** Celery's state of a task that is asked to leave (celery 5.6 contrib/abortable.py). */
export const abortedState = 'ABORTED';

/**
 * Asks a task to leave: stores ABORTED for it, which one with `abortable` looks for. Resolves with false for a task that has ended, whose outcome
 * stays.
 * @throws BackendStoreError where the task's worker could not find it.
 */
export async function abortTask(results: ResultStore, taskId: string): Promise<boolean> {
  const { supports, name } = await results.backend();
  if (supports.readers === 'sender') {
    throw new BackendStoreError(
      `Nobody can be asked to leave over the result backend '${name}': results there are read by who sent the call, not by its worker. Revoke the task with { terminate: true }.`,
      { recoverable: false },
    );
  }
  const found = await results.find(taskId);
  if (found !== undefined && readyStates.has(found.status)) return false;
  await results.store({
    taskId,
    status: abortedState,
    result: null,
    traceback: null,
    children: [],
    dateDone: null,
  });
  return true;
}
