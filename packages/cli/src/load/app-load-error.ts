import { ConfigurationError } from '@ctq/runtime';

/** Celery's first line (celery 5.6 bin/celery.py). */
const headline = 'Unable to load the application.';

/** The app of `-A` could not be had. The message says why and what to do, the command ends with status 2 (CL-028). */
export class AppLoadError extends ConfigurationError {
  static override readonly family: string = 'AppLoadError';

  constructor(reason: string, options: { readonly cause?: unknown } = {}) {
    super('CTQ_APP_LOAD', `${headline}\n${reason}`, options);
  }
}
