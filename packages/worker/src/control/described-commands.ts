import type { CommandKind, CommandOptions } from '@ctq/core';
import { builtinCommands } from './builtin-commands.js';
import { parseArguments } from './parse-arguments.js';

/** A command of workers as who asks for it has to know it. */
export interface DescribedCommand extends CommandOptions {
  readonly name: string;
  readonly kind: CommandKind;
}

/** What every worker can be asked and told: `ctq inspect` and `ctq control`. */
export const workerCommands: readonly DescribedCommand[] = builtinCommands;

/**
 * The arguments of a command as a command line gives them, one after the other: those that it names in their types, all that is left as the variadic one
 * (celery 5.6 bin/control.py, _compile_arguments). Undefined where there are more than it takes.
 * @throws TypeError for what cannot be read.
 */
export function positionalArguments(
  { args = {}, variadic, positional = Object.keys(args) }: Pick<CommandOptions, 'args' | 'variadic' | 'positional'>,
  given: readonly string[],
): Readonly<Record<string, unknown>> | undefined {
  const names = positional.filter((name) => name !== variadic);
  if (given.length > names.length && variadic === undefined) return undefined;
  const first = given.slice(0, names.length).map((text, index) => [names[index] ?? '', text] as const);
  const rest = variadic === undefined ? {} : { [variadic]: given.slice(names.length) };
  return { ...rest, ...parseArguments({ args }, { ...Object.fromEntries(first), ...rest }) };
}
