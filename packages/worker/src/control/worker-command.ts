import type { CommandArguments, CommandKind, CommandOptions, GivenArguments } from '@ctq/core';
import type { CommandScope } from './command-scope.js';

/** A command that every worker has. */
export interface WorkerCommand extends CommandOptions {
  readonly name: string;
  readonly kind: CommandKind;
  readonly run: (scope: CommandScope, args: Readonly<Record<string, unknown>>) => unknown;
}

interface Definition<Args extends CommandArguments> extends CommandOptions<Args> {
  readonly name: string;
  readonly run: (scope: CommandScope, args: GivenArguments<Args>) => unknown;
}

export function inspectCommand<const Args extends CommandArguments>(command: Definition<Args>): WorkerCommand {
  return { ...command, kind: 'inspect', run: (scope, args) => command.run(scope, args as GivenArguments<Args>) };
}

export function controlCommand<const Args extends CommandArguments>(command: Definition<Args>): WorkerCommand {
  return { ...command, kind: 'control', run: (scope, args) => command.run(scope, args as GivenArguments<Args>) };
}

/** Celery's form of an answer (celery 5.6 worker/control.py, ok and nok). */
export function ok(value: unknown): { readonly ok: unknown } {
  return { ok: value };
}

export function nok(value: unknown): { readonly error: unknown } {
  return { error: value };
}
