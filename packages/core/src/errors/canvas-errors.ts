import { ConfigurationError, type CtqErrorOptions } from '@ctq/runtime';
import { TaskError } from './task-errors.js';

/** `ctx.addToChord` in a task that is in the header of no chord. Celery's ValueError. */
export class NotInChordError extends TaskError {
  static override readonly family: string = 'NotInChordError';

  /** @param taskId Undefined for a task that was called in place. */
  constructor(task: string, taskId?: string, options: CtqErrorOptions = {}) {
    const which = taskId === undefined ? `${task}, which was called in place,` : `${task}[${taskId}]`;
    super('CTQ_NOT_IN_CHORD', `${which} is not a member of a chord's header, so there is nothing to add to.`, options);
  }
}

/** The rest of a chain that waited in the app's store is not there any more: it has expired, or this program uses another store. */
export class LostChainError extends TaskError {
  static override readonly family: string = 'LostChainError';

  constructor(key: string, options: CtqErrorOptions = {}) {
    super(
      'CTQ_LOST_CHAIN',
      `The steps ${key} of a chain are not in the store: they have expired, or this program uses another store than the one that sent them.`,
      options,
    );
  }
}

/** What `ctx.replace` was given cannot take the place of a task (celery 5.6 app/task.py, Task.replace). */
export function notReplaceable(why: string): ConfigurationError {
  return new ConfigurationError('CTQ_REPLACEMENT', `${why}.`);
}
