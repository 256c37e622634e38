import { EncodeError, TransportConnectionError } from '@ctq/messaging';
import { ConfigurationError, toError } from '@ctq/runtime';
import { CommanderError } from 'commander';
import type { CommandIo } from './command-context.js';
import { type ExitCode, exitCodes } from './exit-codes.js';
import { AppLoadError } from './load/app-load-error.js';
import { misplacedGlobal } from './misplaced-global.js';
import { createProgram } from './program.js';
import { UsageError } from './usage-error.js';

/** Runs one command line and resolves with the status to exit with. */
export async function main(args: readonly string[], io: CommandIo): Promise<ExitCode> {
  let code: ExitCode = exitCodes.ok;
  const program = createProgram(io, (given) => {
    code = given;
  });
  try {
    const { operands, unknown } = program.parseOptions([...args]);
    // CL-003. Commander would call it an error.
    if (operands.length === 0 && unknown.length === 0) program.outputHelp();
    else await program.parseAsync(args, { from: 'user' });
    return code;
  } catch (thrown) {
    const error = toError(thrown);
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return exitCodes.ok;
      const explanation = misplacedGlobal(program, args, error);
      if (explanation !== undefined) io.err(`\n${explanation}\n`);
      return exitCodes.usage;
    }
    return tell(error, io);
  }
}

/** Errors of the user are one message, everything else shows where it came from. */
function tell(error: Error, io: CommandIo): ExitCode {
  if (AppLoadError.isInstance(error) || UsageError.isInstance(error)) {
    io.err(`${error.message}\n`);
    return exitCodes.usage;
  }
  if (TransportConnectionError.isInstance(error)) {
    // CL-009, in Celery's words.
    io.err(
      `Could not connect to the message broker. Please make sure the broker is running and reachable.\nReason: ${error.message}\n`,
    );
    return exitCodes.unavailable;
  }
  const isOfUser = ConfigurationError.isInstance(error) || EncodeError.isInstance(error);
  io.err(isOfUser ? `Error: ${error.message}\n` : `${error.stack ?? error.message}\n`);
  return exitCodes.failure;
}
