import { type CtqErrorOptions, formatDuration } from '@ctq/runtime';
import { TaskError } from './task-errors.js';

/** The reason with which `ctx.signal` is aborted at the soft time limit; a task that lets it pass fails with it. */
export class SoftTimeLimitExceeded extends TaskError {
  static override readonly family: string = 'SoftTimeLimitExceeded';

  constructor(options: CtqErrorOptions = {}) {
    super('CTQ_SOFT_TIME_LIMIT_EXCEEDED', 'The task ran longer than its soft time limit.', options);
  }
}

/** The task was ended at its hard time limit. */
export class TimeLimitExceeded extends TaskError {
  static override readonly family: string = 'TimeLimitExceeded';
  readonly limitSeconds: number;

  constructor(limitSeconds: number, options: CtqErrorOptions = {}) {
    super(
      'CTQ_TIME_LIMIT_EXCEEDED',
      `The task was ended at its time limit of ${formatDuration(limitSeconds * 1_000)}.`,
      options,
    );
    this.limitSeconds = limitSeconds;
  }
}

/** The process or thread that ran the task ended before the task did. */
export class WorkerLostError extends TaskError {
  static override readonly family: string = 'WorkerLostError';

  constructor(message: string, options: CtqErrorOptions = {}) {
    super('CTQ_WORKER_LOST', message, options);
  }
}
