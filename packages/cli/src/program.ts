import { toError } from '@ctq/runtime';
import { Command, Option } from 'commander';
import { callCommand } from './commands/call.js';
import { dlqCommand } from './commands/dlq.js';
import { eventsCommand } from './commands/events.js';
import { purgeCommand } from './commands/purge.js';
import { controlCommand, inspectCommand } from './commands/remote.js';
import { reportCommand } from './commands/report.js';
import { resultCommand } from './commands/result.js';
import { statusCommand } from './commands/status.js';
import { workerCommand } from './commands/worker.js';
import { CommandContext, type CommandIo, type GlobalOptions, type RunCommand } from './command-context.js';
import type { ExitCode } from './exit-codes.js';
import { UsageError } from './usage-error.js';
import { version } from './version.js';

/** The whole command line: global options, then one sub-command per file of `commands`. */
export function createProgram(io: CommandIo, onExit: (code: ExitCode) => void): Command {
  const program = new Command('ctq')
    .description('Distributed tasks for TypeScript, speaking Celery')
    .version(`${version()} (ctq)`, '--version', 'print the version')
    .helpOption('--help', 'display help')
    .helpCommand(false)
    .addOption(
      new Option('-A, --app <module>', 'the app: a TypeScript or JavaScript file, a folder, or path:export').env(
        'CTQ_APP',
      ),
    )
    .addOption(new Option('-b, --broker <url>', 'instead of the broker of the app'))
    .addOption(new Option('--result-backend <url>', 'instead of the result backend of the app'))
    .addOption(
      new Option('--config <module>', 'settings of the app: a TypeScript, JavaScript or JSON file, or path:export').env(
        'CTQ_CONFIG_MODULE',
      ),
    )
    .addOption(new Option('--workdir <folder>', 'change to this folder first').env('CTQ_WORKDIR'))
    .addOption(new Option('-C, --no-color', 'no colours'))
    .addOption(new Option('-q, --quiet', 'say less').env('CTQ_QUIET'))
    // What follows a sub-command is its own: global options come first (CL-001).
    .enablePositionalOptions()
    .exitOverride()
    .showSuggestionAfterError()
    .configureOutput({ writeOut: io.out, writeErr: io.err });
  const run: RunCommand = async (action) => {
    const options = program.opts<GlobalOptions>();
    if (options.workdir !== undefined) enter(options.workdir);
    onExit(await action(new CommandContext(options, io)));
  };
  const tasks = [workerCommand, callCommand, resultCommand];
  const cluster = [statusCommand, inspectCommand, controlCommand, eventsCommand];
  for (const create of [...tasks, ...cluster, purgeCommand, dlqCommand, reportCommand]) {
    const command = create(run).copyInheritedSettings(program).helpOption('--help', 'display help');
    for (const sub of command.commands) sub.copyInheritedSettings(command).helpOption('--help', 'display help');
    program.addCommand(command);
  }
  return program;
}

/** CL-022. */
function enter(folder: string): void {
  try {
    process.chdir(folder);
  } catch (error) {
    throw new UsageError(`--workdir ${folder}: ${toError(error).message}`);
  }
}
