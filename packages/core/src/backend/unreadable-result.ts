import { toError } from '@ctq/runtime';
import type { ResultRecord } from '../result/result-record.js';
import { storedError } from '../result/stored-error.js';

/** A document that cannot be read is a failure of its own task, and of no other that came with it. */
export function unreadableResult(taskId: string, error: unknown): ResultRecord {
  const result = storedError(toError(error));
  return { taskId, status: 'FAILURE', result, traceback: null, children: null, dateDone: null };
}
