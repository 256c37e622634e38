import { type DescribedCommand, positionalNames } from '@ctq/worker';

/** The first column is no wider than this; what is longer has a line of its own (click's formatting.py, write_dl). */
const widest = 30;

/** `conf [with_defaults]`: how a command is asked for. */
function commandUsage(command: DescribedCommand): string {
  const signature = commandSignature(command);
  return signature === '' ? command.name : `${command.name} ${signature}`;
}

/** What a command takes. */
export function commandSignature(command: DescribedCommand): string {
  const { signature, variadic } = command;
  if (signature !== undefined) return signature;
  return [
    ...positionalNames(command).map((name) => `[${name}]`),
    ...(variadic === undefined ? [] : [`[${variadic} ...]`]),
  ].join(' ');
}

/** For `--list`. */
export function commandList(title: string, commands: readonly DescribedCommand[]): string {
  const rows = commands.map((command) => [commandUsage(command), command.help ?? ''] as const);
  const width = Math.min(widest, Math.max(0, ...rows.map(([usage]) => usage.length))) + 2;
  const lines = rows.map(([usage, help]) => {
    if (help === '') return `  ${usage}`;
    if (usage.length > width - 2) return `  ${usage}\n  ${' '.repeat(width)}${help}`;
    return `  ${usage.padEnd(width)}${help}`;
  });
  return [`${title}:`, ...lines].join('\n');
}
