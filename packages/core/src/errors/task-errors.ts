import { CtqError, type CtqErrorOptions, nearestName } from '@ctq/runtime';

/** Everything that can go wrong with one task. Celery's TaskError (celery 5.6 exceptions.py). */
export class TaskError extends CtqError {
  static override readonly family: string = 'TaskError';
}

/** No function has this name here. Celery's NotRegistered. */
export class TaskNotRegisteredError extends TaskError {
  static override readonly family: string = 'TaskNotRegisteredError';
  readonly task: string;

  /** @param registered The names that there are, where they are known. */
  constructor(task: string, options: CtqErrorOptions & { readonly registered?: readonly string[] } = {}) {
    const { registered, ...more } = options;
    super('CTQ_TASK_NOT_REGISTERED', `No task named '${task}' is registered. ${adviceFor(task, registered ?? [])}`, {
      ...more,
      details: { task, ...more.details },
    });
    this.task = task;
  }
}

/** What is most likely the matter, by the name. */
function adviceFor(task: string, registered: readonly string[]): string {
  const last = task.slice(task.lastIndexOf('.') + 1);
  const alike = registered.filter((name) => name !== task && name.slice(name.lastIndexOf('.') + 1) === last);
  const nearest = nearestName(task, registered);
  const near = alike.length > 0 ? alike : nearest === undefined ? [] : [nearest];
  const meant =
    near.length === 0
      ? ''
      : `Did you mean ${near
          .slice(0, 3)
          .map((name) => `'${name}'`)
          .join(' or ')}? `;
  if (task.startsWith('__main__.'))
    return `${meant}It was sent by a Python program that was started as a script, whose tasks are named after it: give the task a name there, @app.task(name='${near[0] ?? last}').`;
  if (alike.length > 0)
    return `${meant}The name on the wire has to be the same on both sides: where it is sent from Python, name the task there (@app.task(name=…)), since Celery names by how a module was imported.`;
  return `${meant}Import the module that defines it (include, autodiscoverTasks), and check the spelling.`;
}

/** Two functions under one name. Celery's AlreadyRegistered. */
export class DuplicateTaskError extends TaskError {
  static override readonly family: string = 'DuplicateTaskError';

  constructor(message: string, options: CtqErrorOptions = {}) {
    super('CTQ_DUPLICATE_TASK', message, options);
  }
}

/** A message names a task but cannot be one: wrong body, no id, unreadable times. Celery's InvalidTaskError. */
export class InvalidTaskMessageError extends TaskError {
  static override readonly family: string = 'InvalidTaskMessageError';

  constructor(message: string, options: CtqErrorOptions = {}) {
    super('CTQ_INVALID_TASK_MESSAGE', message, options);
  }
}

/** A message that is no task message at all: neither a `task` header nor a body of protocol 1. */
export class UnknownMessageError extends TaskError {
  static override readonly family: string = 'UnknownMessageError';

  constructor(message: string, options: CtqErrorOptions = {}) {
    super('CTQ_UNKNOWN_MESSAGE', message, options);
  }
}

/** Why a task was revoked; stored as the error's only argument (celery 5.6 worker/request.py). `cancelled` with its workflow is ours. */
export type RevokedReason = 'revoked' | 'expired' | 'terminated' | 'cancelled' | (string & {});

/** The task was revoked, so there is no result. */
export class TaskRevokedError extends TaskError {
  static override readonly family: string = 'TaskRevokedError';
  readonly reason: RevokedReason;

  constructor(reason: RevokedReason = 'revoked', options: CtqErrorOptions = {}) {
    super('CTQ_TASK_REVOKED', reason, options);
    this.reason = reason;
  }
}

/** All attempts of a task are used up, and no error was given to fail with. */
export class MaxRetriesExceededError extends TaskError {
  static override readonly family: string = 'MaxRetriesExceededError';

  constructor(task: string, taskId: string, options: CtqErrorOptions & { readonly message?: string } = {}) {
    super('CTQ_MAX_RETRIES_EXCEEDED', options.message ?? `Can't retry ${task}[${taskId}]: all attempts are used up.`, {
      ...options,
      details: { task, taskId, ...options.details },
    });
  }
}

/** A member of the chord's header failed, so the body was not called. */
export class ChordError extends TaskError {
  static override readonly family: string = 'ChordError';

  constructor(message: string, options: CtqErrorOptions = {}) {
    super('CTQ_CHORD', message, options);
  }
}

/** A chord was to be sent, but neither the result backend nor a key-value store can count its parts (celery 5.6 backends/base.py, ensure_chords_allowed). */
export class NoChordSupportError extends TaskError {
  static override readonly family: string = 'NoChordSupportError';

  constructor(backend = 'this result backend', options: CtqErrorOptions & { readonly message?: string } = {}) {
    super(
      'CTQ_NO_CHORD_SUPPORT',
      options.message ??
        `Chords need a result backend that can join them; ${backend} cannot. Give the app a key-value store beside it: new Ctq('name', { store: 'redis://…' }).`,
      options,
    );
  }
}
