import { isDeepStrictEqual } from 'node:util';
import type { StateChange } from './result-handle.js';
import type { ResultRecord } from './result-record.js';
import type { ResultStore } from './result-store.js';
import { propagateStates } from './states.js';

/** A stored state as loops over states are given it. */
export function stateChange<R>(results: ResultStore, record: ResultRecord): StateChange<R> {
  const { status, result } = record;
  if (status === 'SUCCESS') return { kind: 'success', state: 'SUCCESS', value: result as R, record };
  if (status === 'RETRY') return { kind: 'retry', state: 'RETRY', error: results.errorOf(record), record };
  if (propagateStates.has(status))
    return { kind: 'failure', state: status as 'FAILURE' | 'REVOKED', error: results.errorOf(record), record };
  return { kind: 'progress', state: status, meta: result, record };
}

/** The same state is told more than once: by the news, by the look after a subscription, by the poll. */
export function isSameState(a: ResultRecord, b: ResultRecord): boolean {
  return a.status === b.status && a.traceback === b.traceback && isDeepStrictEqual(a.result, b.result);
}
