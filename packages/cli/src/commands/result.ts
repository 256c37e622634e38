import { inspect } from 'node:util';
import { WireDate } from '@ctq/messaging';
import { toError } from '@ctq/runtime';
import { Command } from 'commander';
import type { CommandContext, RunCommand } from '../command-context.js';
import { type ExitCode, exitCodes } from '../exit-codes.js';
import { seconds } from '../option-values.js';

interface ResultFlags {
  readonly traceback?: boolean;
  readonly timeout?: number;
}

/** `ctq result`: waits for a result and prints it (CL-119 to CL-122). */
export function resultCommand(run: RunCommand): Command {
  return new Command('result')
    .description('print the result of a task, when it is there')
    .argument('<task_id>', 'id of the task')
    .option('--traceback', 'print the stored traceback instead')
    .option('--timeout <seconds>', 'give up after this', seconds)
    .action((id: string, flags: ResultFlags) => run((context) => printResult(context, id, flags)));
}

async function printResult(
  context: CommandContext,
  id: string,
  { traceback, timeout }: ResultFlags,
): Promise<ExitCode> {
  const { app } = await context.app(context.logger('warn'));
  try {
    const result = app.asyncResult(id);
    if (traceback === true) {
      context.echo((await result.traceback()) ?? 'None');
      return exitCodes.ok;
    }
    context.echo(shown(await result.get(timeout === undefined ? {} : { timeout })));
    return exitCodes.ok;
  } catch (thrown) {
    const error = toError(thrown);
    context.io.err(`${error.name}: ${error.message}\n`);
    return exitCodes.failure;
  } finally {
    await app.close();
  }
}

/** Text as it is, plain data as JSON, values that have a text as that, anything else as Node shows it. */
function shown(value: unknown): string {
  if (typeof value === 'string') return value;
  return isJson(value) ? JSON.stringify(value) : (textOf(value) ?? inspect(value, { depth: 10 }));
}

/** Of dates, decimals and the like. */
function textOf(value: unknown): string | undefined {
  if (WireDate.isWireDate(value)) return value.toIsoText();
  const text: unknown = hasJson(value) ? value.toJSON() : undefined;
  return typeof text === 'string' ? text : undefined;
}

function hasJson(value: unknown): value is { toJSON(): unknown } {
  return typeof value === 'object' && value !== null && 'toJSON' in value && typeof value.toJSON === 'function';
}

function isJson(value: unknown): boolean {
  if (value === null || typeof value === 'number' || typeof value === 'boolean' || typeof value === 'string')
    return true;
  if (Array.isArray(value)) return value.every(isJson);
  if (typeof value !== 'object') return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return (prototype === Object.prototype || prototype === null) && Object.values(value).every(isJson);
}
