import { inspect } from 'node:util';
import { createLogger, type Logger, type LogLevel, logLevels, type LogRecord } from '@ctq/runtime';
import type { Style } from './style.js';

export interface LogOptions {
  readonly level: LogLevel;
  readonly style: Style;
  readonly write: (line: string) => void;
  readonly now?: () => Date;
}

/** The command's logger: Celery's lines on stderr (celery 5.6 app/defaults.py, worker_log_format). */
export function createLineLogger(options: LogOptions): Logger {
  const lowest = logLevels.indexOf(options.level);
  return createLogger((record) => {
    if (logLevels.indexOf(record.level) >= lowest)
      options.write(formatRecord(record, options.style, options.now?.() ?? new Date()));
  });
}

/** Python's names. */
const names: Readonly<Record<LogLevel, string>> = {
  debug: 'DEBUG',
  info: 'INFO',
  warn: 'WARNING',
  error: 'ERROR',
  fatal: 'CRITICAL',
};
const colors: Readonly<Record<LogLevel, 'blue' | 'yellow' | 'red' | 'magenta' | undefined>> = {
  debug: 'blue',
  info: undefined,
  warn: 'yellow',
  error: 'red',
  fatal: 'magenta',
};

/** `[2030-01-02 03:04:05,678: INFO/MainProcess] text`, the error's stack below it. */
export function formatRecord({ level, message, fields }: LogRecord, style: Style, at: Date): string {
  const { err, data: _data, taskName, taskId, ...more } = fields;
  const task = typeof taskName === 'string' ? `${taskName}[${typeof taskId === 'string' ? taskId : '???'}]: ` : '';
  // What the message says already is not repeated.
  const details = Object.entries(more)
    .map(([name, value]) => [name, oneLine(value)] as const)
    .filter(([, value]) => !message.includes(value))
    .map(([name, value]) => `${name}=${value}`);
  const text = `${task}${message}${details.length === 0 ? '' : ` (${details.join(', ')})`}${err === undefined ? '' : `\n${traceback(err)}`}`;
  const color = colors[level];
  return `[${localTime(at)}: ${names[level]}/MainProcess] ${color === undefined ? text : style[color](text)}\n`;
}

function traceback(error: unknown): string {
  return error instanceof Error ? inspect(error) : oneLine(error);
}

function oneLine(value: unknown): string {
  return typeof value === 'string' ? value : inspect(value, { breakLength: Number.POSITIVE_INFINITY, depth: 3 });
}

function localTime(at: Date): string {
  const digits = (value: number, width = 2): string => String(value).padStart(width, '0');
  const date = `${at.getFullYear()}-${digits(at.getMonth() + 1)}-${digits(at.getDate())}`;
  return `${date} ${digits(at.getHours())}:${digits(at.getMinutes())}:${digits(at.getSeconds())},${digits(at.getMilliseconds(), 3)}`;
}
