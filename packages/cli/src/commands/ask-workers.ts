import type { Ctq } from '@ctq/core';
import type { NodeReply } from '@ctq/messaging';
import { durationMs } from '@ctq/runtime';
import type { DescribedCommand } from '@ctq/worker';
import type { Command } from 'commander';
import type { CommandContext } from '../command-context.js';
import { type ExitCode, exitCodes } from '../exit-codes.js';
import { commaList, seconds } from '../option-values.js';
import { replyText } from '../output/remote-replies.js';

/** What every command has that asks workers. */
export interface RemoteFlags {
  readonly timeout?: number;
  readonly destination?: readonly string[];
  readonly json?: boolean;
}

/** Celery's; a command that takes longer says so itself. */
const defaultTimeoutSeconds = 1;

/** Somebody waits in front of a terminal. */
const sendTimeout = '5s';

export function withTargets(command: Command): Command {
  return command
    .option('-t, --timeout <seconds>', 'how long to wait for one more reply (default: 1)', seconds)
    .option('-d, --destination <list>', 'only these workers, separated by commas', commaList)
    .option('-j, --json', 'print JSON');
}

interface Asking {
  readonly command: DescribedCommand;
  readonly args: Readonly<Record<string, unknown>>;
  readonly flags: RemoteFlags;
  readonly hasBody: boolean;
}

/** Prints replies as they come; JSON is one text for all of them. */
export async function askWorkers(
  context: CommandContext,
  app: Ctq,
  { command, args, flags, hasBody }: Asking,
): Promise<readonly NodeReply[]> {
  const look = { style: context.style, isQuiet: context.options.quiet === true, hasBody };
  return await app.control.ask(command.name, args, {
    timeout: flags.timeout ?? Math.max(defaultTimeoutSeconds, durationMs(command.timeout ?? 0) / 1_000),
    sendTimeout,
    ...(flags.destination === undefined ? {} : { destination: flags.destination }),
    ...(flags.json === true ? {} : { onReply: (reply) => context.echo(replyText(reply, look)) }),
  });
}

export function tellNobody({ io }: CommandContext): ExitCode {
  io.err('Error: No nodes replied within time constraint\n');
  return exitCodes.unavailable;
}
