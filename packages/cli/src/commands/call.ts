import type { RunCommand } from '../command-context.js';
import { Command } from 'commander';
import type { CallOptions } from '@ctq/core';
import { exitCodes } from '../exit-codes.js';
import { instant, instantOrSeconds, jsonArray, jsonObject, seconds } from '../option-values.js';

interface CallFlags {
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
  readonly eta?: Date;
  readonly countdown?: number;
  readonly expires?: Date | number;
  readonly serializer?: string;
  readonly queue?: string;
  readonly exchange?: string;
  readonly routingKey?: string;
}

/** `ctq call`: sends a task by name and prints its id (CL-110 to CL-118). */
export function callCommand(run: RunCommand): Command {
  return new Command('call')
    .description('call a task by name; prints its id')
    .argument('<name>', 'name of the task')
    .option('-a, --args <json>', 'positional arguments, a JSON array', jsonArray, [])
    .option('-k, --kwargs <json>', 'keyword arguments, a JSON object', jsonObject, {})
    .option('--eta <time>', 'not before this time, ISO 8601', instant)
    .option('--countdown <seconds>', 'not before so many seconds from now', seconds)
    .option('--expires <time>', 'not after this time or so many seconds from now', instantOrSeconds)
    .option('--serializer <name>', 'serializer of the message')
    .option('-q, --queue <name>', 'queue to send it to')
    .option('--exchange <name>', 'exchange to send it to')
    .option('--routing-key <key>', 'routing key to send it with')
    .action((name: string, flags: CallFlags) =>
      run(async (context) => {
        const { app } = await context.app(context.logger('warn'));
        try {
          const { id } = await app.sendTask(name, flags.args, flags.kwargs, callOptions(flags));
          context.echo(id);
        } finally {
          await app.close();
        }
        return exitCodes.ok;
      }),
    );
}

function callOptions({ args: _args, kwargs: _kwargs, ...options }: CallFlags): CallOptions {
  return options;
}
