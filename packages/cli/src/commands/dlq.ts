import { Command } from 'commander';
import type { Ctq, Quarantine, QuarantineChoice, QuarantinedMessage, QuarantineEvent } from '@ctq/core';
import type { CommandContext, RunCommand } from '../command-context.js';
import { confirmed } from '../confirm.js';
import { type ExitCode, exitCodes } from '../exit-codes.js';
import { commaList, wholeNumber } from '../option-values.js';
import { UsageError } from '../usage-error.js';

interface DlqFlags {
  readonly queues?: readonly string[];
  readonly json?: boolean;
}

interface ChoiceFlags extends DlqFlags {
  readonly all?: boolean;
}

/** `ctq dlq`: looks at messages in quarantine, sends them back, or deletes them. */
export function dlqCommand(run: RunCommand): Command {
  const dlq = new Command('dlq').description(
    'messages in quarantine: tasks that took their process down again and again',
  );
  dlq
    .addCommand(
      subCommand('list', 'what is there')
        .option('--limit <count>', 'of each queue at most', wholeNumber(1), 100)
        .action((flags: DlqFlags & { readonly limit: number }) => run((context) => list(context, flags))),
    )
    .addCommand(
      subCommand('show', 'one message, with its history')
        .argument('<task_id>', 'id of the task')
        .action((id: string, flags: DlqFlags) => run((context) => show(context, id, flags))),
    )
    .addCommand(
      subCommand('redrive', 'send messages back to their queue')
        .argument('[task_ids...]', 'ids of the tasks')
        .option('--all', 'all of them')
        .action((ids: readonly string[], flags: ChoiceFlags) => run((context) => redrive(context, ids, flags))),
    )
    .addCommand(
      subCommand('purge', 'delete messages; there is no undo')
        .argument('[task_ids...]', 'ids of the tasks')
        .option('--all', 'all of them')
        .option('-f, --force', "don't ask")
        .action((ids: readonly string[], flags: ChoiceFlags & { readonly force?: boolean }) =>
          run((context) => purge(context, ids, flags)),
        ),
    );
  return dlq.helpCommand(false);
}

function subCommand(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .option(
      '-Q, --queues <list>',
      'of these queues, separated by commas; by default of all that the app knows',
      commaList,
    )
    .option('--json', 'print JSON');
}

async function list(
  context: CommandContext,
  { limit, ...flags }: DlqFlags & { readonly limit: number },
): Promise<ExitCode> {
  return await withQuarantines(context, flags, async (quarantines) => {
    const found: QuarantinedMessage[] = [];
    for (const quarantine of quarantines) found.push(...(await quarantine.list({ limit })));
    if (flags.json === true) context.echo(JSON.stringify(found.map(plain)));
    else if (found.length === 0) context.echo('Nothing is in quarantine.');
    else for (const one of found) context.echo(line(one));
    return exitCodes.ok;
  });
}

async function show(context: CommandContext, id: string, flags: DlqFlags): Promise<ExitCode> {
  return await withQuarantines(context, flags, async (quarantines) => {
    for (const quarantine of quarantines) {
      const found = await quarantine.show(id);
      if (found === undefined) continue;
      context.echo(flags.json === true ? JSON.stringify(plain(found)) : details(found, quarantine));
      return exitCodes.ok;
    }
    return notThere(context, [id]);
  });
}

async function redrive(context: CommandContext, ids: readonly string[], flags: ChoiceFlags): Promise<ExitCode> {
  const choice = choiceOf('redrive', ids, flags);
  return await withQuarantines(context, flags, async (quarantines) => {
    const sent: string[] = [];
    for (const quarantine of quarantines) sent.push(...(await quarantine.redrive(choice)));
    if (flags.json === true) context.echo(JSON.stringify({ redriven: sent }));
    else context.echo(`Sent back ${counted(sent.length)}.`);
    return missing(context, choice, sent);
  });
}

async function purge(
  context: CommandContext,
  ids: readonly string[],
  { force, ...flags }: ChoiceFlags & { readonly force?: boolean },
): Promise<ExitCode> {
  const choice = choiceOf('purge', ids, flags);
  return await withQuarantines(context, flags, async (quarantines) => {
    if (force !== true && !(await isConfirmed(context, choice, quarantines))) {
      context.io.err('Aborted!\n');
      return exitCodes.failure;
    }
    let count = 0;
    for (const quarantine of quarantines) count += await quarantine.purge(choice);
    if (flags.json === true) context.echo(JSON.stringify({ purged: count }));
    else context.echo(`Purged ${counted(count)}.`);
    return choice !== 'all' && count === 0 ? notThere(context, choice) : exitCodes.ok;
  });
}

async function withQuarantines(
  context: CommandContext,
  { queues }: DlqFlags,
  work: (quarantines: readonly Quarantine[]) => Promise<ExitCode>,
): Promise<ExitCode> {
  const { app } = await context.app(context.logger('warn'));
  try {
    return await work(namesOf(app, queues).map((name) => app.quarantine(name)));
  } finally {
    await app.close();
  }
}

function namesOf(app: Ctq, queues: readonly string[] | undefined): readonly string[] {
  return queues ?? app.kernel.queues.known.map(({ name }) => name);
}

/** What cannot be undone is not done to everything because nothing was said. */
function choiceOf(command: string, ids: readonly string[], { all }: ChoiceFlags): QuarantineChoice {
  if (all === true && ids.length > 0) throw new UsageError(`ctq dlq ${command}: either ids or --all.`);
  if (all === true) return 'all';
  if (ids.length === 0) throw new UsageError(`ctq dlq ${command}: which messages? Give their ids, or --all.`);
  return ids;
}

function missing(context: CommandContext, choice: QuarantineChoice, found: readonly string[]): ExitCode {
  const lacking = choice === 'all' ? [] : choice.filter((id) => !found.includes(id));
  return lacking.length === 0 ? exitCodes.ok : notThere(context, lacking);
}

function notThere(context: CommandContext, ids: readonly string[]): ExitCode {
  context.io.err(`Not in quarantine: ${ids.join(', ')}\n`);
  return exitCodes.failure;
}

function isConfirmed(
  { style }: CommandContext,
  choice: QuarantineChoice,
  quarantines: readonly Quarantine[],
): Promise<boolean> {
  const what = choice === 'all' ? 'all messages' : counted(choice.length);
  return confirmed(
    `${style.red('WARNING')}: This will delete ${what} from: ${quarantines.map(({ name }) => name).join(', ')}.\n` +
      '         There is no undo for this operation!\n\n(to skip this prompt use the -f option)\n' +
      'Are you sure? [y/N]: ',
  );
}

function line({ id, task, queue, reason, quarantinedAt }: QuarantinedMessage): string {
  return [timeOf(quarantinedAt), id, task ?? 'unknown task', queue, reason].join('  ');
}

function details(one: QuarantinedMessage, { name }: Quarantine): string {
  const { id, task, queue, reason, quarantinedAt, history, message } = one;
  const { argsrepr, kwargsrepr } = message.headers;
  return [
    `id           ${id}`,
    `task         ${task ?? 'unknown'}`,
    ...(typeof argsrepr === 'string' ? [`args         ${printable(argsrepr)}`] : []),
    ...(typeof kwargsrepr === 'string' ? [`kwargs       ${printable(kwargsrepr)}`] : []),
    `queue        ${queue}`,
    `lies in      ${name}`,
    `since        ${timeOf(quarantinedAt)}`,
    `reason       ${reason}`,
    `body         ${message.body.byteLength} bytes of ${message.contentType}`,
    'history',
    ...history.map((event) => `  ${historyLine(event)}`),
  ].join('\n');
}

function historyLine(event: QuarantineEvent): string {
  switch (event.event) {
    case 'crash': {
      const how = event.exit === undefined ? 'its process ended' : `its slot ended: ${event.exit}`;
      return `${timeOf(event.startedAt)}  began on ${event.worker}${event.isAlone ? ', alone' : ''}; ${how}`;
    }
    case 'quarantined':
      return `${timeOf(event.at)}  put into quarantine by ${event.worker}`;
    case 'redriven':
      return `${timeOf(event.at)}  sent back to its queue`;
  }
}

/** One message as JSON: times as ISO texts, the body as text where it is one. */
function plain({ message, quarantinedAt, ...one }: QuarantinedMessage): Readonly<Record<string, unknown>> {
  const { body, ...rest } = message;
  const isText = /^(?:utf-?8|us-ascii)$/i.test(rest.contentEncoding) && rest.headers['compression'] === undefined;
  return {
    ...one,
    quarantinedAt: quarantinedAt === undefined ? null : new Date(quarantinedAt).toISOString(),
    message: {
      ...rest,
      body: Buffer.from(body).toString(isText ? 'utf8' : 'base64'),
      bodyEncoding: isText ? 'utf-8' : 'base64',
    },
  };
}

function timeOf(ms: number | undefined): string {
  return ms === undefined ? 'unknown time' : new Date(ms).toISOString();
}

/** What strangers send goes to the terminal without control characters. */
function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, '�');
}

function counted(count: number): string {
  return `${count} ${count === 1 ? 'message' : 'messages'}`;
}
