import { ResultTimeoutError } from '../errors/result-errors.js';
import { Inbox } from './inbox.js';
import type { StateChange, WatchOptions } from './result-handle.js';
import type { ResultRecord } from './result-record.js';
import type { ResultStore } from './result-store.js';
import { isSameState, stateChange } from './state-change.js';
import { readyStates } from './states.js';
import { assertMayWait, bufferOf, limitWait } from './wait-limits.js';

/** The states of a task as they come, the present one first, ending with the one that nothing follows. */
export async function* watchStates<R>(
  results: ResultStore,
  taskId: string,
  options: WatchOptions,
): AsyncGenerator<StateChange<R>, void, undefined> {
  assertMayWait(options);
  const inbox = new Inbox<ResultRecord>(bufferOf(options));
  let last: ResultRecord | undefined;
  const take = (record: ResultRecord): void => {
    if (last !== undefined && (readyStates.has(last.status) || isSameState(last, record))) return;
    last = record;
    inbox.push(record);
  };
  const fail = (error: unknown): void => inbox.fail(error);
  const stopObserving = results.observe([taskId], { onRecord: take, onError: fail });
  const lift = limitWait(
    results.clock,
    options,
    fail,
    (ms) => new ResultTimeoutError(`The task ${taskId} was not ready within ${ms / 1_000}s.`, { details: { taskId } }),
  );
  try {
    const present = await results.find(taskId);
    if (present !== undefined && last === undefined) take(present);
    else if (last === undefined) yield { kind: 'progress', state: 'PENDING', meta: null };
    for (;;) {
      const record = await inbox.next();
      yield stateChange<R>(results, record);
      if (readyStates.has(record.status)) return;
    }
  } finally {
    lift();
    stopObserving();
  }
}
