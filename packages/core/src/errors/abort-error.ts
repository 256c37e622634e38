import type { CtqErrorOptions } from '@ctq/runtime';
import { TaskError } from './task-errors.js';

/** Somebody called `app.abort` for a task that may be aborted: the reason of its signal. */
export class TaskAbortedError extends TaskError {
  static override readonly family: string = 'TaskAbortedError';

  constructor(taskId: string, options: CtqErrorOptions = {}) {
    super('CTQ_TASK_ABORTED', `Task ${taskId} was aborted.`, {
      ...options,
      details: { taskId, ...options.details },
    });
  }
}
