import { Command } from 'commander';
import type { CommandContext, RunCommand } from '../command-context.js';
import { type ExitCode, exitCodes } from '../exit-codes.js';
import { onlineText, repliesObject } from '../output/remote-replies.js';
import { askWorkers, type RemoteFlags, tellNobody, withTargets } from './ask-workers.js';

/** `ctq status`: which workers are there (CL-106 to CL-109). */
export function statusCommand(run: RunCommand): Command {
  return withTargets(new Command('status').description('show which workers are online')).action((flags: RemoteFlags) =>
    run((context) => status(context, flags)),
  );
}

async function status(context: CommandContext, flags: RemoteFlags): Promise<ExitCode> {
  const { app } = await context.app(context.logger('error'));
  try {
    const command = { name: 'ping', kind: 'inspect' } as const;
    const replies = await askWorkers(context, app, { command, args: {}, flags, hasBody: false });
    if (replies.length === 0) return tellNobody(context);
    if (flags.json === true) context.echo(repliesObject(replies));
    else if (context.options.quiet !== true) context.echo(onlineText(replies.length));
    return exitCodes.ok;
  } finally {
    await app.close();
  }
}
