import type { Command, CommanderError, Option } from 'commander';

/** Why a global option was not understood behind the sub-command (CL-001; celery 5.6 bin/celery.py, WRONG_APP_OPTION_USAGE_MESSAGE). */
export function misplacedGlobal(program: Command, args: readonly string[], error: CommanderError): string | undefined {
  if (error.code !== 'commander.unknownOption') return undefined;
  const given = /'(--?[\w-]+)/.exec(error.message)?.[1];
  const option = program.options.find(({ short, long }) => given === short || given === long);
  const command = args.find((arg) => program.commands.some((one) => one.name() === arg));
  if (given === undefined || option === undefined || command === undefined) return undefined;
  const shown = `${given}${valueOf(option)}`;
  return (
    `You are using \`${given}\` as an option of the ${command} sub-command:\nctq ${command} ${shown} <...>\n\n` +
    `It is a global option and comes before the sub-command:\nctq ${shown} ${command} <...>`
  );
}

/** ` <module>`; nothing for a switch. */
function valueOf({ flags }: Option): string {
  return / <[^>]+>/.exec(flags)?.[0] ?? '';
}
