import { ResultTimeoutError } from '../errors/result-errors.js';
import { Inbox } from './inbox.js';
import type { WaitForOptions } from './result-handle.js';
import type { ResultRecord } from './result-record.js';
import type { ResultStore } from './result-store.js';
import { readyStates } from './states.js';
import { assertMayWait, limitWait } from './wait-limits.js';

/** The ready records of many tasks as they come: one subscription, one timer and one listener, however many they are. */
export async function* streamRecords(
  results: ResultStore,
  taskIds: readonly string[],
  options: WaitForOptions,
): AsyncGenerator<ResultRecord, void, undefined> {
  assertMayWait(options);
  const missing = new Set(taskIds);
  if (missing.size === 0) return;
  const inbox = new Inbox<ResultRecord>();
  const fail = (error: unknown): void => inbox.fail(error);
  const total = missing.size;
  const stop = results.observe([...missing], {
    onRecord(record) {
      if (readyStates.has(record.status) && missing.delete(record.taskId)) inbox.push(record);
    },
    onError: fail,
  });
  const lift = limitWait(
    results.clock,
    options,
    fail,
    (ms) =>
      new ResultTimeoutError(
        `${missing.size} of ${total} results did not arrive within ${ms / 1_000}s. Their tasks may still be waiting, running, or have been sent to a queue that no worker consumes.`,
        { details: { missing: missing.size, of: total } },
      ),
  );
  try {
    for (let received = 0; received < total; received += 1) yield await inbox.next();
  } finally {
    lift();
    stop();
  }
}
