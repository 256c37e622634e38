import { CtqError, type CtqErrorOptions } from '@ctq/runtime';

/** Everything that can go wrong between a program and its results. */
export class ResultError extends CtqError {
  static override readonly family: string = 'ResultError';
}

/** The result did not come in time; the task may still be running. Celery's TimeoutError. */
export class ResultTimeoutError extends ResultError {
  static override readonly family: string = 'ResultTimeoutError';

  constructor(message: string, options: CtqErrorOptions = {}) {
    super('CTQ_RESULT_TIMEOUT', message, options);
  }
}

/** A result was asked for, but the app has no result backend. */
export class NoResultBackendError extends ResultError {
  static override readonly family: string = 'NoResultBackendError';

  constructor(options: CtqErrorOptions = {}) {
    super(
      'CTQ_NO_RESULT_BACKEND',
      "No result backend is configured. Give the app one: new Ctq('name', { backend: … }), or the setting resultBackend.",
      options,
    );
  }
}

/** What happens at the store. `recoverable` says whether trying again can help. */
export class BackendError extends ResultError {
  static override readonly family: string = 'BackendError';
  readonly recoverable: boolean;

  constructor(code: string, message: string, options: CtqErrorOptions & { readonly recoverable: boolean }) {
    super(code, message, options);
    this.recoverable = options.recoverable;
  }
}

/** No connection to the result store, or it was lost. */
export class BackendConnectionError extends BackendError {
  static override readonly family: string = 'BackendConnectionError';

  constructor(message: string, options: CtqErrorOptions & { readonly recoverable: boolean }) {
    super('CTQ_BACKEND_CONNECTION', message, options);
  }
}

/** The outcome could not be stored. */
export class BackendStoreError extends BackendError {
  static override readonly family: string = 'BackendStoreError';

  constructor(message: string, options: CtqErrorOptions & { readonly recoverable?: boolean } = {}) {
    super('CTQ_BACKEND_STORE', message, { ...options, recoverable: options.recoverable ?? true });
  }
}

/** What is stored could not be read. Celery's BackendGetMetaError. */
export class BackendReadError extends BackendError {
  static override readonly family: string = 'BackendReadError';

  constructor(message: string, options: CtqErrorOptions & { readonly recoverable?: boolean } = {}) {
    super('CTQ_BACKEND_READ', message, { ...options, recoverable: options.recoverable ?? true });
  }
}

/** A result was waited for inside of a task, which can use up all slots of a fleet. Celery's RuntimeError of that. */
export class SyncSubtaskError extends ResultError {
  static override readonly family: string = 'SyncSubtaskError';

  constructor(task: string, options: CtqErrorOptions & { readonly message?: string } = {}) {
    super(
      'CTQ_SYNC_SUBTASK',
      options.message ??
        `The task ${task} waits for the result of another one, which can leave no slot for what it waits for. Link the tasks with a chain, a group or a chord; or allow it: get({ disableSyncSubtasks: false }), allowJoinResult(() => …).`,
      { ...options, details: { task, ...options.details } },
    );
  }
}

/** A tree of results was gone through of which a part is not there yet. Celery's IncompleteStream. */
export class IncompleteStreamError extends ResultError {
  static override readonly family: string = 'IncompleteStreamError';

  constructor(taskId: string, options: CtqErrorOptions = {}) {
    super(
      'CTQ_INCOMPLETE_STREAM',
      `The task ${taskId} is not ready, so that nobody knows what it will have sent. Wait for it, or go on past it with { intermediate: true }.`,
      { ...options, details: { taskId, ...options.details } },
    );
  }
}

/** A result is too large to be stored. */
export class ResultTooLargeError extends ResultError {
  static override readonly family: string = 'ResultTooLargeError';

  constructor(bytes: number, limit: number, options: CtqErrorOptions & { readonly message?: string } = {}) {
    super(
      'CTQ_RESULT_TOO_LARGE',
      options.message ??
        `The result has ${bytes} bytes or more, and at most ${limit} are stored (resultMaxSize). Store it elsewhere and return where it is, or raise the limit.`,
      { ...options, details: { bytes, limit, ...options.details } },
    );
  }
}

/** Groups cannot be saved in this result backend. */
export class NoGroupSupportError extends ResultError {
  static override readonly family: string = 'NoGroupSupportError';

  constructor(backend: string, options: CtqErrorOptions & { readonly message?: string } = {}) {
    super('CTQ_NO_GROUP_SUPPORT', options.message ?? `The result backend '${backend}' cannot keep groups.`, options);
  }
}
