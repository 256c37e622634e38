import { parseSettings, type SettingsInput } from '@ctq/core';
import { ConfigurationError } from '@ctq/runtime';
import { UsageError } from './usage-error.js';

/**
 * Settings behind a command's options: `worker.prefetch_multiplier=1`, `worker_prefetch_multiplier=1`, `.concurrency=2` for one of the command's own, in any case;
 * values are read as the setting's type, or as `(type)` in front of them says (celery 5.6 loaders/base.py, cmdline_config_parser).
 * @throws UsageError for what is no setting, and values that cannot be meant.
 */
export function settingArguments(args: readonly string[], command: string): SettingsInput {
  const texts: Record<string, unknown> = {};
  for (const arg of args) {
    const [, given = '', text] = /^([^=]+)=(.*)$/s.exec(arg) ?? [];
    if (text === undefined)
      throw new UsageError(
        `'${arg}' is not a setting. Behind the options of ctq ${command} there are settings alone, such as ${command}.concurrency=4 or task_acks_late=no.`,
      );
    texts[settingName(given, command)] = cast(arg, text);
  }
  try {
    const parsed = parseSettings(texts, { source: 'the command line', fromText: true });
    // Unset is Python's None, which says so again when it is given to the app.
    return Object.fromEntries(Object.entries(parsed).map(([name, value]) => [name, value ?? null]));
  } catch (error) {
    if (ConfigurationError.isInstance(error)) throw new UsageError(error.message);
    throw error;
  }
}

function settingName(given: string, command: string): string {
  const name = given.toLowerCase().replaceAll('.', '_');
  return name.startsWith('_') ? `${command}${name}` : name;
}

const readAs: Readonly<Record<string, (text: string) => unknown>> = {
  string: (text) => text,
  str: (text) => text,
  int: readNumber,
  float: readNumber,
  bool: readTruth,
  any: readAny,
  json: (text) => JSON.parse(text) as unknown,
  dict: (text) => JSON.parse(text) as unknown,
  list: (text) => JSON.parse(text) as unknown,
  tuple: (text) => JSON.parse(text) as unknown,
};

/** A text, to be read as the setting's type, unless it says itself what it is. */
function cast(arg: string, text: string): unknown {
  const [, type, rest = ''] = /^\((\w+)\)(.*)$/s.exec(text) ?? [];
  if (type === undefined) return text;
  const read = readAs[type];
  if (read === undefined)
    throw new UsageError(`'${arg}': there is no type '${type}'. Known are ${Object.keys(readAs).join(', ')}.`);
  try {
    return read(rest);
  } catch {
    throw new UsageError(`'${arg}': this is no ${type}.`);
  }
}

function readNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || Number.isNaN(value)) throw new TypeError('Not a number.');
  return value;
}

/** Celery's words (utils/serialization.py, strtobool). */
function readTruth(text: string): boolean {
  if (/^(?:true|yes|1|on)$/i.test(text)) return true;
  if (/^(?:false|no|0|off)$/i.test(text)) return false;
  throw new TypeError('Not a truth value.');
}

/** Whatever JSON it is; else the text. */
function readAny(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
