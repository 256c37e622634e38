import type { CommandArgumentTypes, CommandOptions } from '@ctq/core';

/**
 * The arguments of a command in the types that it names; texts are read, as command lines and monitors send them. Null stands for one that is left out, those that it does not
 * name are left out.
 * @throws TypeError for what cannot be read.
 */
export function parseArguments(
  { args = {}, variadic }: Pick<CommandOptions, 'args' | 'variadic'>,
  given: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const parsed: Record<string, unknown> = {};
  for (const [name, type] of Object.entries(args)) {
    const value = Object.hasOwn(given, name) ? given[name] : undefined;
    if (value !== undefined && value !== null) parsed[name] = name === variadic ? value : parse(name, type, value);
  }
  return parsed;
}

const readers: { readonly [Type in keyof CommandArgumentTypes]: (value: unknown) => unknown } = {
  any: (value) => value,
  text: (value) => (typeof value === 'string' ? value : undefined),
  number: (value) => numberOf(value),
  integer: (value) => {
    const found = numberOf(value);
    return found === undefined || !Number.isInteger(found) ? undefined : found;
  },
  // celery 5.6 bin and kombu 5.6 utils/encoding, strtobool: these texts.
  boolean: (value) => {
    if (typeof value === 'boolean') return value;
    const text = String(value).toLowerCase();
    if (['y', 'yes', 't', 'true', 'on', '1'].includes(text)) return true;
    return ['n', 'no', 'f', 'false', 'off', '0'].includes(text) ? false : undefined;
  },
};

function parse(name: string, type: keyof CommandArgumentTypes, value: unknown): unknown {
  const parsed = readers[type](value);
  if (parsed === undefined) throw new TypeError(`${name} is ${JSON.stringify(value)} and has to be: ${type}`);
  return parsed;
}

function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string' || value.trim() === '') return undefined;
  const found = Number(value);
  return Number.isNaN(found) ? undefined : found;
}
