import type { CommandKind, Ctq } from '@ctq/core';
import { nearestName, toError } from '@ctq/runtime';
import { type DescribedCommand, positionalArguments, workerCommands } from '@ctq/worker';
import { Command } from 'commander';
import type { CommandContext, RunCommand } from '../command-context.js';
import { type ExitCode, exitCodes } from '../exit-codes.js';
import { commandList, commandSignature } from '../output/command-list.js';
import { onlineText, repliesList, repliesObject } from '../output/remote-replies.js';
import { UsageError } from '../usage-error.js';
import { askWorkers, type RemoteFlags, tellNobody, withTargets } from './ask-workers.js';

/** `ctq inspect`: asks workers (CL-078 to CL-091; celery 5.6 bin/control.py). */
export function inspectCommand(run: RunCommand): Command {
  return remoteCommand('inspect', 'ask workers what they are doing', run);
}

/** `ctq control`: tells workers what to do (CL-092 to CL-105). */
export function controlCommand(run: RunCommand): Command {
  return remoteCommand('control', 'tell workers what to do', run);
}

interface ListFlags extends RemoteFlags {
  readonly list?: boolean;
}

function remoteCommand(kind: CommandKind, description: string, run: RunCommand): Command {
  return withTargets(new Command(kind).description(description))
    .argument('[command]', `what to ${kind}; --list says what there is`)
    .argument('[arguments...]', 'what it takes')
    .option('--list', `list what there is to ${kind}`)
    .action((name: string | undefined, given: readonly string[], flags: ListFlags) =>
      run((context) => remote(context, { kind, name, given, flags })),
    );
}

interface RemoteCall {
  readonly kind: CommandKind;
  readonly name: string | undefined;
  readonly given: readonly string[];
  readonly flags: ListFlags;
}

async function remote(context: CommandContext, { kind, name, given, flags }: RemoteCall): Promise<ExitCode> {
  const { app, importModule } = await context.app(context.logger('error'));
  try {
    await app.loadModules(importModule);
    const commands = commandsOf(app, kind);
    if (flags.list === true) {
      context.echo(commandList(kind === 'inspect' ? 'Inspect Commands' : 'Control Commands', commands));
      return exitCodes.ok;
    }
    const command = findCommand(commands, kind, name);
    const args = argumentsOf(command, given);
    const replies = await askWorkers(context, app, { command, args, flags, hasBody: true });
    if (replies.length === 0) return tellNobody(context);
    if (flags.json === true) context.echo(kind === 'inspect' ? repliesObject(replies) : repliesList(replies));
    else if (kind === 'inspect' && context.options.quiet !== true) context.echo(onlineText(replies.length));
    return exitCodes.ok;
  } finally {
    await app.close();
  }
}

/** Those of every worker and those of the program, which win; by name. */
function commandsOf(app: Ctq, kind: CommandKind): readonly DescribedCommand[] {
  const all = new Map<string, DescribedCommand>();
  for (const command of [...workerCommands, ...app.kernel.commands.all]) all.set(command.name, command);
  return [...all.values()]
    .filter((command) => command.kind === kind && command.visible !== false)
    .toSorted((one, other) => (one.name < other.name ? -1 : 1));
}

function findCommand(
  commands: readonly DescribedCommand[],
  kind: CommandKind,
  name: string | undefined,
): DescribedCommand {
  const names = commands.map((command) => command.name);
  const available = `Available ${kind} commands: ${names.join(', ')}`;
  if (name === undefined) throw new UsageError(`Which command? ${available}`);
  const found = commands.find((command) => command.name === name);
  if (found !== undefined) return found;
  const nearest = nearestName(name, names);
  const advice = nearest === undefined ? '' : ` Did you mean ${nearest}?`;
  throw new UsageError(`Command ${name} not recognized.${advice} ${available}`);
}

function argumentsOf(command: DescribedCommand, given: readonly string[]): Readonly<Record<string, unknown>> {
  const usage = `Command '${command.name}' takes arguments: ${commandSignature(command)}`;
  let found: Readonly<Record<string, unknown>> | undefined;
  try {
    found = positionalArguments(command, given);
  } catch (error) {
    throw new UsageError(`${usage}\n${toError(error).message}`);
  }
  if (found === undefined) throw new UsageError(usage);
  return found;
}
