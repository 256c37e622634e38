import { backoffMs, type Clock, type Logger } from '@ctq/runtime';
import { BackendError, BackendReadError, BackendStoreError } from '../errors/result-errors.js';
import type { ResultBackend } from './result-backend.js';

/** The settings `resultBackendMaxRetries`, `resultBackendBaseSleepBetweenRetriesMs` and `resultBackendMaxSleepBetweenRetriesMs`. */
export interface BackendRetryPolicy {
  /** Attempts after the first; Infinity for ever. */
  readonly maxRetries: number;
  readonly firstMs: number;
  readonly maxMs: number;
}

/**
 * A backend whose writes and reads are repeated while its errors say that this can help (celery 5.6 backends/base.py, store_result and get_task_meta with
 * `result_backend_always_retry`). Closing it ends the waits.
 */
export function retryingBackend(
  backend: ResultBackend,
  policy: BackendRetryPolicy,
  lent: { readonly clock: Clock; readonly logger: Logger },
): ResultBackend {
  const closing = new AbortController();
  const repeat = async <T>(work: () => Promise<T>, exhausted: (cause: BackendError) => Error): Promise<T> => {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await work();
      } catch (error) {
        if (!BackendError.isInstance(error) || !error.recoverable || closing.signal.aborted) throw error;
        if (attempt >= policy.maxRetries) throw exhausted(error);
        // Half of it is chance, so that workers of one store do not all come back at once.
        const delayMs = backoffMs(attempt, { firstMs: policy.firstMs, maxMs: policy.maxMs, jitter: 'equal' });
        lent.logger.warn({ err: error, retryInMs: Math.round(delayMs) }, 'The result backend failed; trying again');
        await lent.clock.sleep(delayMs, closing.signal);
      }
    }
  };
  return {
    spec: backend.spec,
    name: backend.name,
    url: backend.url,
    supports: backend.supports,
    open: (context, signal) => backend.open(context, signal),
    close() {
      closing.abort(new BackendStoreError('The result backend was closed while it was tried again.'));
      return backend.close();
    },
    store: (records) =>
      repeat(
        () => backend.store(records),
        (cause) =>
          new BackendStoreError(
            `${records.length} outcomes could not be stored in ${policy.maxRetries + 1} attempts: ${cause.message}`,
            { cause, details: { taskIds: records.map(({ taskId }) => taskId) } },
          ),
      ),
    getMany: (taskIds) =>
      repeat(
        () => backend.getMany(taskIds),
        (cause) =>
          new BackendReadError(
            `${taskIds.length} results could not be read in ${policy.maxRetries + 1} attempts: ${cause.message}`,
            { cause, details: { taskIds } },
          ),
      ),
    forget: (taskIds) =>
      repeat(
        () => backend.forget(taskIds),
        (cause) => cause,
      ),
    ...(backend.cleanup === undefined ? {} : { cleanup: backend.cleanup.bind(backend) }),
    ...(backend.notifier === undefined ? {} : { notifier: backend.notifier }),
    ...(backend.expectResult === undefined ? {} : { expectResult: backend.expectResult.bind(backend) }),
    ...(backend.groups === undefined ? {} : { groups: backend.groups }),
    ...(backend.chords === undefined ? {} : { chords: backend.chords }),
  };
}
