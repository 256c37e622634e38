import type { CommanderError } from 'commander';

const globals: Readonly<Record<string, string>> = {
  '-A': '-A <module>',
  '--app': '--app <module>',
  '-b': '-b <url>',
  '--broker': '--broker <url>',
  '--result-backend': '--result-backend <url>',
  '--workdir': '--workdir <folder>',
  '-C': '-C',
  '--no-color': '--no-color',
};

/** Why a global option was not understood behind the sub-command (CL-001; celery 5.6 bin/celery.py, WRONG_APP_OPTION_USAGE_MESSAGE). */
export function misplacedGlobal(args: readonly string[], error: CommanderError): string | undefined {
  if (error.code !== 'commander.unknownOption') return undefined;
  const option = /'(--?[\w-]+)/.exec(error.message)?.[1];
  const shown = option === undefined ? undefined : globals[option];
  const command = args.find((arg) => ['worker', 'call', 'result', 'purge', 'report'].includes(arg));
  if (option === undefined || shown === undefined || command === undefined) return undefined;
  return (
    `You are using \`${option}\` as an option of the ${command} sub-command:\nctq ${command} ${shown} <...>\n\n` +
    `It is a global option and comes before the sub-command:\nctq ${shown} ${command} <...>`
  );
}
