import type { CommandArguments, CommandArgumentTypes, CommandKind, CommandOptions, GivenArguments } from '@ctq/core';
import type { CommandScope } from './command-scope.js';

type Given = Readonly<Record<string, unknown>>;

/** A command that every worker has. */
export interface WorkerCommand extends CommandOptions {
  readonly name: string;
  readonly kind: CommandKind;
  /** Without these it is not carried out. */
  readonly required?: readonly string[];
  /** @param given All arguments as they came. */
  readonly run: (scope: CommandScope, args: Given, given: Given) => unknown;
}

/** What a handler is given: those that are required are there. */
type Arguments<Args extends CommandArguments, Required extends keyof Args> = GivenArguments<Args> & {
  readonly [Name in Required]: CommandArgumentTypes[Args[Name]];
};

interface Definition<Args extends CommandArguments, Required extends keyof Args & string> extends CommandOptions<Args> {
  readonly name: string;
  readonly required?: readonly Required[];
  readonly run: (scope: CommandScope, args: Arguments<Args, Required>, given: Given) => unknown;
}

export function inspectCommand<const Args extends CommandArguments, const Required extends keyof Args & string = never>(
  command: Definition<Args, Required>,
): WorkerCommand {
  return { ...command, kind: 'inspect', run: runOf(command) };
}

export function controlCommand<const Args extends CommandArguments, const Required extends keyof Args & string = never>(
  command: Definition<Args, Required>,
): WorkerCommand {
  return { ...command, kind: 'control', run: runOf(command) };
}

function runOf<Args extends CommandArguments, Required extends keyof Args & string>(
  command: Definition<Args, Required>,
): WorkerCommand['run'] {
  return (scope, args, given) => command.run(scope, args as Arguments<Args, Required>, given);
}

/** Celery's form of an answer (celery 5.6 worker/control.py, ok and nok). */
export function ok(value: unknown): { readonly ok: unknown } {
  return { ok: value };
}

export function nok(value: unknown): { readonly error: unknown } {
  return { error: value };
}
