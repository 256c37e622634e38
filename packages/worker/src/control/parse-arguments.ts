import type { CommandArgumentTypes, CommandOptions } from '@ctq/core';
import { CommandError } from './command-error.js';

export interface ParsedCommand extends Pick<CommandOptions, 'args'> {
  /** For errors. */
  readonly name?: string;
  readonly required?: readonly string[];
}

/**
 * The arguments of a command in the types that it names; texts are read, as command lines and monitors send them, and of several one alone is a list. Null stands for one that
 * is left out, those that it does not name are left out.
 * @throws CommandError for what cannot be read or is missing.
 */
export function parseArguments(
  { name: command = 'command', args = {}, required = [] }: ParsedCommand,
  given: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const parsed: Record<string, unknown> = {};
  for (const [name, type] of Object.entries(args)) {
    const value = Object.hasOwn(given, name) ? given[name] : undefined;
    if (value !== undefined && value !== null) parsed[name] = parse(name, type, value);
  }
  // What takes anything may be given null.
  const isNull = (name: string): boolean => args[name] === 'any' && given[name] === null;
  const missing = required.filter((name) => !Object.hasOwn(parsed, name) && !isNull(name));
  if (missing.length > 0) throw new CommandError('TypeError', missingText(command, missing));
  return parsed;
}

type Read = (value: unknown) => unknown;

const text: Read = (value) => (typeof value === 'string' ? value : undefined);

const number: Read = (value) => {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  if (typeof value !== 'string' || value.trim() === '') return undefined;
  const found = Number(value);
  return Number.isFinite(found) ? found : undefined;
};

const integer: Read = (value) => {
  const found = number(value);
  return Number.isSafeInteger(found) ? found : undefined;
};

/** Kombu's texts for it (kombu 5.6 and celery 5.6 utils/serialization.py, strtobool). */
const boolean: Read = (value) => {
  if (typeof value === 'boolean') return value;
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  const said = String(value).toLowerCase();
  if (['y', 'yes', 't', 'true', 'on', '1'].includes(said)) return true;
  return ['n', 'no', 'f', 'false', 'off', '0'].includes(said) ? false : undefined;
};

const readers: { readonly [Type in keyof CommandArgumentTypes]: Read } = {
  any: (value) => value,
  ...{ text, number, integer, boolean },
  'text[]': each(text),
  'number[]': each(number),
  'integer[]': each(integer),
};

function each(read: Read): Read {
  return (value) => {
    const found = (Array.isArray(value) ? (value as unknown[]) : [value]).map(read);
    return found.includes(undefined) ? undefined : found;
  };
}

function parse(name: string, type: keyof CommandArgumentTypes, value: unknown): unknown {
  const parsed = readers[type](value);
  if (parsed === undefined) throw new CommandError('TypeError', `${name} is ${shown(value)} and has to be: ${type}`);
  return parsed;
}

function shown(value: unknown): string {
  try {
    return String(JSON.stringify(value)).slice(0, 200);
  } catch {
    return typeof value;
  }
}

/** In Python's words. */
function missingText(command: string, missing: readonly string[]): string {
  const names = missing.map((name) => `'${name}'`).join(', ');
  return `${command}() missing ${missing.length} required argument${missing.length === 1 ? '' : 's'}: ${names}`;
}
