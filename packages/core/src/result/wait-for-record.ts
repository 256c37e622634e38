import type { GetOptions } from './result-handle.js';
import type { ResultRecord } from './result-record.js';
import type { ResultStore } from './result-store.js';
import { propagateStates, readyStates } from './states.js';
import { intervalMsOf, tick, timeoutMsOf } from './wait-limits.js';

/**
 * Waits for the record of a ready state, with all that may be asked for meanwhile: ticks, news, and the failure of a result before it, from which nothing
 * will follow.
 */
export async function waitForRecord(
  results: ResultStore,
  taskId: string,
  parentIds: readonly string[],
  options: GetOptions,
): Promise<ResultRecord> {
  const { onMessage, onInterval } = options;
  const timeoutMs = timeoutMsOf(options);
  if (parentIds.length === 0 && onMessage === undefined && onInterval === undefined)
    return results.wait(taskId, { timeoutMs, signal: options.signal });
  const over = new AbortController();
  const end = (error: unknown): void => over.abort(error);
  const signal = options.signal === undefined ? over.signal : AbortSignal.any([options.signal, over.signal]);
  const stops = [tick(results.clock, options, end)];
  if (onMessage !== undefined) stops.push(tellOf(results, taskId, onMessage, end));
  if (parentIds.length > 0) stops.push(followParents(results, parentIds, intervalMsOf(options), end));
  try {
    return await results.wait(taskId, { timeoutMs, signal });
  } finally {
    for (const stop of stops) stop();
  }
}

function tellOf(
  results: ResultStore,
  taskId: string,
  onMessage: (record: ResultRecord) => void,
  end: (error: unknown) => void,
): () => void {
  return results.observe([taskId], {
    onRecord(record) {
      try {
        onMessage(record);
      } catch (error) {
        end(error);
      }
    },
    onError: end,
  });
}

/** Between two looks at the results before one. */
const longestPauseMs = 30_000;

/**
 * Ends the waiting when a result before it has failed (celery 5.6 result.py, _maybe_reraise_parent_error). Whoever failed stores that for everything that was to
 * follow, too: it has the length of an interval to do so, so that the error is the same whichever is seen first. Since that is what the wait hears, those before are looked at now and then, and
 * not listened to: there may be a header of thousands.
 */
function followParents(
  results: ResultStore,
  parentIds: readonly string[],
  intervalMs: number,
  end: (error: unknown) => void,
): () => void {
  const over = new AbortController();
  const look = async (): Promise<void> => {
    let waiting = parentIds;
    for (let pauseMs = intervalMs; waiting.length > 0; pauseMs = Math.min(4 * pauseMs, longestPauseMs)) {
      await results.clock.sleep(pauseMs, over.signal);
      const records = await Promise.all(waiting.map((id) => results.find(id)));
      const failed = records.find((record) => record !== undefined && propagateStates.has(record.status));
      if (failed !== undefined) {
        await results.clock.sleep(intervalMs, over.signal);
        return end(results.errorOf(failed));
      }
      waiting = waiting.filter((_, at) => !readyStates.has(records[at]?.status ?? 'PENDING'));
    }
  };
  // The wait for the result itself says what is wrong with the store; the end of the waiting is no error.
  void look().catch(() => undefined);
  return () => over.abort();
}
