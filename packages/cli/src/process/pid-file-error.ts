import { CtqError } from '@ctq/runtime';

/** There is a process already that has the place, or there can be none; status 73 (celery 5.6 platforms.py, EX_CANTCREAT). */
export class PidFileError extends CtqError {
  static override readonly family: string = 'PidFileError';

  /** In Celery's words. */
  static taken(path: string, pid: number): PidFileError {
    return new PidFileError(
      'CTQ_PID_FILE',
      `ERROR: Pidfile (${path}) already exists.\nSeems we're already running? (pid: ${pid})`,
      { details: { path, pid } },
    );
  }

  static unwritable(path: string, cause: Error): PidFileError {
    return new PidFileError('CTQ_PID_FILE', `ERROR: Pidfile (${path}): ${cause.message}`, { cause, details: { path } });
  }
}
