import type { CommandKind, CommandOptions } from '@ctq/core';
import { builtinCommands } from './builtin-commands.js';
import { parseArguments } from './parse-arguments.js';

/** A command of workers as who asks for it has to know it. */
export interface DescribedCommand extends CommandOptions {
  readonly name: string;
  readonly kind: CommandKind;
}

type PlacedArguments = Pick<CommandOptions, 'args' | 'variadic' | 'positional'>;

/** What every worker can be asked and told: `ctq inspect` and `ctq control`. */
export const workerCommands: readonly DescribedCommand[] = builtinCommands;

/**
 * The arguments of a command as a command line gives them, one after the other: those that it names in their types, all that is left as the variadic one
 * (celery 5.6 bin/control.py, _compile_arguments). Undefined where there are more than it takes.
 * @throws TypeError for what cannot be read.
 */
export function positionalArguments(
  command: PlacedArguments,
  given: readonly string[],
): Readonly<Record<string, unknown>> | undefined {
  const { args = {}, variadic } = command;
  const names = positionalNames(command);
  if (given.length > names.length && variadic === undefined) return undefined;
  const first = given.slice(0, names.length).map((text, index) => [names[index] ?? '', text] as const);
  const rest = variadic === undefined ? {} : { [variadic]: given.slice(names.length) };
  const parsed = parseArguments(command, { ...Object.fromEntries(first), ...rest });
  return variadic === undefined || variadic in args ? parsed : { ...parsed, ...rest };
}

/** What a command line names by its place: nothing comes behind what takes all that is left. */
export function positionalNames({ args = {}, variadic, positional }: PlacedArguments): readonly string[] {
  if (positional !== undefined) return positional;
  const names = Object.keys(args);
  const end = variadic === undefined ? -1 : names.indexOf(variadic);
  return end === -1 ? names : names.slice(0, end);
}
