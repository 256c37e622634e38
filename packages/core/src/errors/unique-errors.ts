import { TaskError } from './task-errors.js';

/** A call was not sent, because another one has its key. */
export class UniqueConflictError extends TaskError {
  static override readonly family: string = 'UniqueConflictError';
  /** The call that has the key. */
  readonly taskId: string;

  /** @param id of the call that was not sent. */
  constructor(task: string, id: string, takenBy: string) {
    super('CTQ_UNIQUE_CONFLICT', `${task}[${id}] was not sent: ${task}[${takenBy}] has its key.`, {
      details: { task, id, takenBy },
    });
    this.taskId = takenBy;
  }
}
