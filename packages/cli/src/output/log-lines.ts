import { inspect } from 'node:util';
import { settingsTable } from '@ctq/core';
import { createLogger, type Logger, type LogLevel, logLevels, type LogRecord } from '@ctq/runtime';
import { logFormat, type LogLine } from './log-format.js';
import type { Style } from './style.js';

/** How lines look: Celery's two formats (celery 5.6 app/defaults.py, worker_log_format and worker_task_log_format), and whether they are coloured. */
export interface LogLook {
  readonly format: (line: LogLine) => string;
  readonly taskFormat: (line: LogLine) => string;
  readonly style: Style;
}

export interface LogOptions {
  readonly level: LogLevel;
  /** Asked for each line: an app is loaded before its settings are known. */
  readonly look: () => LogLook;
  readonly write: (line: string) => void;
  readonly now?: () => Date;
}

/** The look of commands, and of a worker until its settings say otherwise. */
export function defaultLook(style: Style): LogLook {
  const { workerLogFormat, workerTaskLogFormat } = settingsTable;
  return {
    format: logFormat('workerLogFormat', workerLogFormat.default),
    taskFormat: logFormat('workerTaskLogFormat', workerTaskLogFormat.default),
    style,
  };
}

/** The command's logger: Celery's lines on stderr. */
export function createLineLogger(options: LogOptions): Logger {
  const lowest = logLevels.indexOf(options.level);
  return createLogger((record) => {
    if (logLevels.indexOf(record.level) >= lowest)
      options.write(formatRecord(record, options.look(), options.now?.() ?? new Date()));
  });
}

const colors: Readonly<Record<LogLevel, 'blue' | 'yellow' | 'red' | 'magenta' | undefined>> = {
  debug: 'blue',
  info: undefined,
  warn: 'yellow',
  error: 'red',
  fatal: 'magenta',
};

/** `[2030-01-02 03:04:05,678: INFO/MainProcess] text`, the error's stack below it. */
export function formatRecord({ level, message, fields }: LogRecord, look: LogLook, at: Date): string {
  const { err, data: _data, taskName, taskId, ...more } = fields;
  // What the message says already is not repeated.
  const details = Object.entries(more)
    .map(([name, value]) => [name, oneLine(value)] as const)
    .filter(([, value]) => !message.includes(value))
    .map(([name, value]) => `${name}=${value}`);
  const text = `${message}${details.length === 0 ? '' : ` (${details.join(', ')})`}${err === undefined ? '' : `\n${traceback(err)}`}`;
  const color = colors[level];
  const line = {
    at,
    level,
    message: color === undefined ? text : look.style[color](text),
    taskName: textOr(taskName, '???'),
    taskId: textOr(taskId, '???'),
  };
  return `${typeof taskName === 'string' ? look.taskFormat(line) : look.format(line)}\n`;
}

function textOr(value: unknown, other: string): string {
  return typeof value === 'string' ? value : other;
}

function traceback(error: unknown): string {
  return error instanceof Error ? inspect(error) : oneLine(error);
}

function oneLine(value: unknown): string {
  return typeof value === 'string' ? value : inspect(value, { breakLength: Number.POSITIVE_INFINITY, depth: 3 });
}
