/**
 * Structured logging as pino shapes it: `logger.info({ taskId }, 'text')` or `logger.info('text')`; a pino instance is
 * a Logger without an adapter.
 */
export interface Logger {
  debug: LogMethod;
  info: LogMethod;
  warn: LogMethod;
  error: LogMethod;
  /** Something that an operator has to look at now. */
  fatal: LogMethod;
  /** A logger whose every line carries these fields. */
  child(fields: Readonly<Record<string, unknown>>): Logger;
}

export interface LogMethod {
  /** An `Error` in place of the fields is `{ err: error }`, as with pino. */
  (fields: object, message: string): void;
  (message: string): void;
}

export const logLevels = ['debug', 'info', 'warn', 'error', 'fatal'] as const;
export type LogLevel = (typeof logLevels)[number];

/** One line, on its way to wherever lines go. An error, when there is one, is in `fields.err` (pino's name). */
export interface LogRecord {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A logger over one function; the CLI's format and the tests' recorders are such functions. */
export function createLogger(
  write: (record: LogRecord) => void,
  fields: Readonly<Record<string, unknown>> = {},
): Logger {
  const method =
    (level: LogLevel): LogMethod =>
    (first: object | string, message?: string) => {
      if (typeof first === 'string') write({ level, message: first, fields });
      else
        write({
          level,
          message: message ?? '',
          fields: { ...fields, ...(first instanceof Error ? { err: first } : first) },
        });
    };
  return {
    debug: method('debug'),
    info: method('info'),
    warn: method('warn'),
    error: method('error'),
    fatal: method('fatal'),
    child: (more) => createLogger(write, { ...fields, ...more }),
  };
}

/** Swallows every line. The default of library code: only the CLI prints. */
export const silentLogger: Logger = createLogger(() => undefined);
