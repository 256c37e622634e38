import type { CtqErrorOptions } from '@ctq/runtime';
import { TaskError } from './task-errors.js';

/** The task took down, again and again, what it ran in: its message is in quarantine, and it is not run any more. */
export class TaskQuarantinedError extends TaskError {
  static override readonly family: string = 'TaskQuarantinedError';

  constructor(task: string, id: string, queue: string, crashes: number, options: CtqErrorOptions = {}) {
    const times = crashes === 1 ? 'once' : `${crashes} times`;
    // Without a store it is not known why.
    const what =
      crashes === 0
        ? 'was delivered again and again and never ended'
        : `took its process down ${times} while it ran alone`;
    super(
      'CTQ_TASK_QUARANTINED',
      `${task}[${id}] ${what}. It is not run again; its message is in the queue ${queue}.`,
      { ...options, details: { task, taskId: id, queue, crashes, ...options.details } },
    );
  }
}
