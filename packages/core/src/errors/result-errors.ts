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
