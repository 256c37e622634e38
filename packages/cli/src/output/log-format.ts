import { ConfigurationError, type LogLevel, nearestName } from '@ctq/runtime';

/** What a line can say. */
export interface LogLine {
  readonly at: Date;
  readonly level: LogLevel;
  readonly message: string;
  readonly taskName: string;
  readonly taskId: string;
}

/** Python's names and numbers of the levels. */
const levels: Readonly<Record<LogLevel, readonly [name: string, number: number]>> = {
  debug: ['DEBUG', 10],
  info: ['INFO', 20],
  warn: ['WARNING', 30],
  error: ['ERROR', 40],
  fatal: ['CRITICAL', 50],
};

/** Attributes of Python's log records (logging.LogRecord) that mean something here, and those of Celery's task formatter. */
const attributes: Readonly<Record<string, (line: LogLine) => string | number>> = {
  asctime: ({ at }) => localTime(at),
  created: ({ at }) => at.getTime() / 1_000,
  levelname: ({ level }) => levels[level][0],
  levelno: ({ level }) => levels[level][1],
  message: ({ message }) => message,
  msecs: ({ at }) => at.getMilliseconds(),
  name: () => 'ctq',
  process: () => process.pid,
  processName: () => 'MainProcess',
  relativeCreated: ({ at }) => at.getTime() - performance.timeOrigin,
  task_id: ({ taskId }) => taskId,
  task_name: ({ taskName }) => taskName,
  thread: () => 0,
  threadName: () => 'MainThread',
};

/** `%(name)s` with flags, width and precision, and `%%`. */
const conversion = /%(?:%|\((\w*)\)([-0]*)(\d*)(?:\.(\d+))?([sdifr]))|%/g;

/**
 * A format of Python's, as `workerLogFormat` is given it.
 * @throws ConfigurationError for a placeholder that is not known.
 */
export function logFormat(setting: string, template: string): (line: LogLine) => string {
  const parts: (string | ((line: LogLine) => string))[] = [];
  let end = 0;
  for (const match of template.matchAll(conversion)) {
    const [text, name, flags = '', width = '', precision, kind = 's'] = match;
    parts.push(template.slice(end, match.index));
    end = match.index + text.length;
    if (text === '%%') parts.push('%');
    else parts.push(converter(setting, template, name, { flags, width: Number(width), precision, kind }));
  }
  parts.push(template.slice(end));
  return (line) => parts.map((part) => (typeof part === 'string' ? part : part(line))).join('');
}

interface Shape {
  readonly flags: string;
  readonly width: number;
  readonly precision: string | undefined;
  readonly kind: string;
}

function converter(
  setting: string,
  template: string,
  name: string | undefined,
  shape: Shape,
): (line: LogLine) => string {
  const read = name === undefined ? undefined : attributes[name];
  if (read === undefined) throw unknown(setting, template, name);
  return (line) => {
    const text = shown(read(line), shape);
    if (shape.flags.includes('-')) return text.padEnd(shape.width);
    return shape.flags.includes('0') && shape.kind !== 's'
      ? text.padStart(shape.width, '0')
      : text.padStart(shape.width);
  };
}

function shown(value: string | number, { kind, precision }: Shape): string {
  if (typeof value === 'number') {
    if (kind === 'f') return value.toFixed(precision === undefined ? 6 : Number(precision));
    return kind === 'd' || kind === 'i' ? String(Math.trunc(value)) : String(value);
  }
  return precision === undefined ? value : value.slice(0, Number(precision));
}

function unknown(setting: string, template: string, name: string | undefined): ConfigurationError {
  const known = Object.keys(attributes);
  const nearest = name === undefined ? undefined : nearestName(name, known);
  const problem =
    name === undefined
      ? "a '%' that begins no placeholder; a percent sign is '%%'."
      : `'%(${name})', which a line does not have.${nearest === undefined ? '' : ` Did you mean '%(${nearest})s'?`}`;
  return new ConfigurationError(
    'CTQ_BAD_LOG_FORMAT',
    `${setting} is '${template}'. It has ${problem} Known are ${known.join(', ')}.`,
    { details: { setting, known } },
  );
}

function localTime(at: Date): string {
  const digits = (value: number, width = 2): string => String(value).padStart(width, '0');
  const date = `${at.getFullYear()}-${digits(at.getMonth() + 1)}-${digits(at.getDate())}`;
  return `${date} ${digits(at.getHours())}:${digits(at.getMinutes())}:${digits(at.getSeconds())},${digits(at.getMilliseconds(), 3)}`;
}
