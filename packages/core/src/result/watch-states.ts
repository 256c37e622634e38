import { isDeepStrictEqual } from 'node:util';
import { ResultTimeoutError } from '../errors/result-errors.js';
import { Inbox } from './inbox.js';
import type { StateChange, WatchOptions } from './result-handle.js';
import type { ResultRecord } from './result-record.js';
import type { ResultStore } from './result-store.js';
import { propagateStates, readyStates } from './states.js';
import { assertMayWait, limitWait } from './wait-limits.js';

const defaultBuffer = 100;

/** The states of a task as they come, the present one first, ending with the one that nothing follows. */
export async function* watchStates<R>(
  results: ResultStore,
  taskId: string,
  options: WatchOptions,
): AsyncGenerator<StateChange<R>, void, undefined> {
  assertMayWait(options);
  const inbox = new Inbox<ResultRecord>(Math.max(options.buffer ?? defaultBuffer, 1));
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
      yield changeOf<R>(results, record);
      if (readyStates.has(record.status)) return;
    }
  } finally {
    lift();
    stopObserving();
  }
}

/** The same state is told more than once: by the news, by the look after a subscription, by the poll. */
function isSameState(a: ResultRecord, b: ResultRecord): boolean {
  return a.status === b.status && a.traceback === b.traceback && isDeepStrictEqual(a.result, b.result);
}

function changeOf<R>(results: ResultStore, record: ResultRecord): StateChange<R> {
  const { status, result } = record;
  if (status === 'SUCCESS') return { kind: 'success', state: 'SUCCESS', value: result as R, record };
  if (status === 'RETRY') return { kind: 'retry', state: 'RETRY', error: results.errorOf(record), record };
  if (propagateStates.has(status))
    return { kind: 'failure', state: status as 'FAILURE' | 'REVOKED', error: results.errorOf(record), record };
  return { kind: 'progress', state: status, meta: result, record };
}
