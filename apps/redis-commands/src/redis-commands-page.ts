import { differences } from './differences.js';
import { additions, documentDifferences } from './documents.js';
import { scenarios, uncompared } from './scenarios.js';

/** `docs/celery/redis-commands.md`. */
export function redisCommandsPage(): string {
  const compared = Object.values(scenarios).flatMap((calls) => Object.keys(calls)).length;
  return `# Commands on Redis

What ctq sends to Redis is compared with what Celery was seen to send, call by call: ${compared} captures of the files \`redis_variants\`,
\`redis_traces\`, \`results.redis\` and \`chords.redis\` in \`apps/wire-vectors\`. Ids, times and payloads are taken out; how commands are grouped
(transactions there, scripts here, whose commands are looked at one by one) is left out. The stored documents of \`results.redis\` are compared by
their contents. The test fails for a difference that is not in this table, and for a line that no capture needs any more; this page is written by it.

## Intended differences

| Celery | ctq | why |
| --- | --- | --- |
${differences.map(({ celery, ctq, why }) => `| ${shown(celery)} | ${shown(ctq)} | ${why} |`).join('\n')}

\`*\` stands for anything.

## In stored results

| capture | member | why |
| --- | --- | --- |
${documentDifferences.map(({ capture, document, member, why }) => `| \`${capture}\`, document ${document + 1} | \`${member}\` | ${why} |`).join('\n')}
${additions.map(({ member, why }) => `| of every error | \`${member}\` | ${why} |`).join('\n')}

## Not compared

| capture | why |
| --- | --- |
${Object.entries(uncompared)
  .flatMap(([file, names]) => Object.entries(names).map(([name, why]) => `| \`${file}\`: \`${name}\` | ${why} |`))
  .join('\n')}
`;
}

function shown(steps: readonly string[]): string {
  return steps.length === 0 ? '–' : steps.map((step) => `\`${step.replaceAll('|', '\\|')}\``).join('<br>');
}
