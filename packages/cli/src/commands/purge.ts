import { Command } from 'commander';
import type { CommandContext, RunCommand } from '../command-context.js';
import { confirmed } from '../confirm.js';
import { type ExitCode, exitCodes } from '../exit-codes.js';
import { commaList } from '../option-values.js';

interface PurgeFlags {
  readonly force?: boolean;
  readonly queues?: readonly string[];
  readonly excludeQueues?: readonly string[];
}

/** `ctq purge`: deletes the messages that wait in the app's queues (CL-123 to CL-127). */
export function purgeCommand(run: RunCommand): Command {
  return new Command('purge')
    .description('delete all messages of the task queues; there is no undo')
    .option('-f, --force', "don't ask")
    .option('-Q, --queues <list>', 'these queues, separated by commas', commaList)
    .option('-X, --exclude-queues <list>', 'but not these', commaList)
    .action((flags: PurgeFlags) => run((context) => purge(context, flags)));
}

async function purge(context: CommandContext, { force, queues, excludeQueues = [] }: PurgeFlags): Promise<ExitCode> {
  const { app } = await context.app(context.logger('warn'));
  try {
    const names = (queues ?? app.kernel.queues.known.map((known) => known.name)).filter(
      (name) => !excludeQueues.includes(name),
    );
    if (names.length === 0) return exitCodes.ok;
    if (force !== true && !(await isConfirmed(context, names))) {
      context.io.err('Aborted!\n');
      return exitCodes.failure;
    }
    const count = await app.control.purge({ queues: names });
    const queuesWord = names.length === 1 ? 'queue' : 'queues';
    context.echo(
      count === 0
        ? `No messages purged from ${names.length} ${queuesWord}.`
        : `Purged ${count} ${count === 1 ? 'message' : 'messages'} from ${names.length} known task ${queuesWord}.`,
    );
    return exitCodes.ok;
  } finally {
    await app.close();
  }
}

function isConfirmed({ style }: CommandContext, names: readonly string[]): Promise<boolean> {
  return confirmed(
    `${style.red('WARNING')}: This will remove all tasks from ${names.length === 1 ? 'queue' : 'queues'}: ${[...names].sort().join(', ')}.\n` +
      '         There is no undo for this operation!\n\n(to skip this prompt use the -f option)\n' +
      'Are you sure you want to delete all tasks? [y/N]: ',
  );
}
