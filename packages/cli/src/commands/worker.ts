import { arch, platform, release } from 'node:os';
import { resolve } from 'node:path';
import { isatty } from 'node:tty';
import { pathToFileURL } from 'node:url';
import type { Ctq, SettingsInput } from '@ctq/core';
import { Deadline, type Logger, type LogLevel, ServiceStoppedError, toError } from '@ctq/runtime';
import { type AutoscaleRange, banner, nodeFormat, nodeName, statusText, Worker, type WorkerOptions } from '@ctq/worker';
import { Command, Option } from 'commander';
import type { CommandContext, RunCommand } from '../command-context.js';
import { type ExitCode, exitCodes } from '../exit-codes.js';
import { autoscaleRange, commaList, logLevel, seconds, wholeNumber } from '../option-values.js';
import { RedirectedOutput } from '../output/redirected-output.js';
import { LogFile } from '../process/log-file.js';
import { checkPidFile, PidFile } from '../process/pid-file.js';
import { dropPrivileges, setMask } from '../process/privileges.js';
import { settingArguments } from '../setting-arguments.js';
import { ShutdownSignals } from '../shutdown-signals.js';
import { UsageError } from '../usage-error.js';
import { version } from '../version.js';
import { type DaemonFlags, daemonSettings, withDaemonOptions } from './daemon-options.js';

interface WorkerFlags extends DaemonFlags {
  readonly hostname?: string;
  readonly loglevel: LogLevel;
  readonly concurrency?: number;
  readonly pool?: string;
  readonly autoscale?: AutoscaleRange;
  readonly maxTasksPerChild?: number;
  readonly maxMemoryPerChild?: number;
  readonly queues?: readonly string[];
  readonly excludeQueues?: readonly string[];
  readonly prefetchMultiplier?: number;
  readonly optimization?: 'default' | 'fair';
  readonly disablePrefetch?: boolean;
  readonly timeLimit?: number;
  readonly softTimeLimit?: number;
  readonly include?: readonly string[];
  readonly taskEvents?: boolean;
  readonly events?: boolean;
  readonly withoutGossip?: boolean;
  readonly withoutMingle?: boolean;
  readonly withoutHeartbeat?: boolean;
  readonly heartbeatInterval?: number;
  readonly healthPort?: number;
  readonly healthHost?: string;
  readonly statedb?: string;
  /** `--purge` too: an option with two long names is called by its last one. */
  readonly discard?: boolean;
}

/** `ctq worker`: runs tasks until it is told to stop (CL-029 to CL-060). */
export function workerCommand(run: RunCommand): Command {
  const command = new Command('worker')
    .description('start a worker')
    .addOption(
      new Option('-n, --hostname <name>', 'node name; %h host, %n its first part, %d its domain').env(
        'CTQ_WORKER_HOSTNAME',
      ),
    )
    .addOption(
      new Option('-l, --loglevel <level>', 'DEBUG, INFO, WARNING, ERROR or CRITICAL')
        .env('CTQ_LOG_LEVEL')
        .argParser(logLevel)
        .default('warn', 'WARNING'),
    )
    .addOption(
      new Option('-c, --concurrency <count>', 'tasks at a time')
        .env('CTQ_WORKER_CONCURRENCY')
        .argParser(wholeNumber(1)),
    )
    .addOption(
      new Option('-P, --pool <name>', 'where tasks run: async, threads, processes (prefork) or solo').env(
        'CTQ_WORKER_POOL',
      ),
    )
    .addOption(
      new Option('--autoscale <max,min>', 'change the concurrency with the work, between these')
        .env('CTQ_WORKER_AUTOSCALE')
        .argParser(autoscaleRange)
        .conflicts('concurrency'),
    )
    .addOption(
      new Option('--max-tasks-per-child <count>', 'replace a thread or process after so many tasks')
        .env('CTQ_WORKER_MAX_TASKS_PER_CHILD')
        .argParser(wholeNumber(1)),
    )
    .addOption(
      new Option('--max-memory-per-child <KiB>', 'replace a thread or process that has more after a task')
        .env('CTQ_WORKER_MAX_MEMORY_PER_CHILD')
        .argParser(wholeNumber(1)),
    )
    .addOption(
      new Option('-Q, --queues <list>', 'queues to consume, separated by commas')
        .env('CTQ_WORKER_QUEUES')
        .argParser(commaList),
    )
    .addOption(
      new Option('-X, --exclude-queues <list>', 'queues not to consume')
        .env('CTQ_WORKER_EXCLUDE_QUEUES')
        .argParser(commaList),
    )
    .addOption(
      new Option(
        '--prefetch-multiplier <count>',
        'most messages to hold, in multiples of the concurrency; 0 for no limit',
      )
        .env('CTQ_WORKER_PREFETCH_MULTIPLIER')
        .argParser(wholeNumber(0)),
    )
    .option('--disable-prefetch', 'take a message only when a task may start')
    .addOption(
      new Option('--time-limit <seconds>', 'time limit of tasks that have none')
        .env('CTQ_WORKER_TIME_LIMIT')
        .argParser(seconds),
    )
    .addOption(
      new Option('--soft-time-limit <seconds>', 'soft time limit').env('CTQ_WORKER_SOFT_TIME_LIMIT').argParser(seconds),
    )
    .addOption(
      new Option('-I, --include <list>', 'more modules with tasks').env('CTQ_WORKER_INCLUDE').argParser(commaList),
    )
    .option('-E, --task-events', 'send events of tasks, for monitors')
    .addOption(new Option('--events', 'the same').hideHelp())
    .option('--without-gossip', 'do not listen to the other workers')
    .option('--without-mingle', 'do not ask the other workers at the start')
    .option('--without-heartbeat', 'do not tell monitors and the other workers that this one is there')
    .addOption(
      new Option('--heartbeat-interval <seconds>', 'how often to do so').argParser(seconds).default(undefined, '2'),
    )
    .addOption(
      new Option('--health-port <port>', 'answer /livez, /readyz and /startupz over HTTP')
        .env('CTQ_WORKER_HEALTH_PORT')
        .argParser(wholeNumber(0)),
    )
    .addOption(new Option('--health-host <address>', 'on this address only').env('CTQ_WORKER_HEALTH_HOST'))
    .addOption(
      new Option(
        '-S, --statedb <file>',
        'remember revoked tasks in this file; %p node name, %n its first part, %h host',
      ).env('CTQ_WORKER_STATE_DB'),
    )
    .addOption(
      new Option(
        '-O, --optimization <profile>',
        'fair gives no thread or process a task before it is free; default does so with short ones',
      ).choices(['default', 'fair']),
    );
  return withDaemonOptions(command, {
    what: 'worker',
    detached: 'go to the background',
    names: '; %p node name, %n its first part, %h host',
  })
    .option('--purge, --discard', 'delete what waits in the queues first')
    .argument('[settings...]', 'settings, such as task_acks_late=no or .concurrency=4')
    .action((settings: readonly string[], flags: WorkerFlags) =>
      run((context) => runWorker(context, flags, settingArguments(settings, 'worker'))),
    );
}

async function runWorker(context: CommandContext, flags: WorkerFlags, settings: SettingsInput): Promise<ExitCode> {
  const { io } = context;
  // Before the app's own code.
  if (io.origin === 'started') dropPrivileges(flags);
  const logger = context.logger(flags.loglevel);
  const { app, importModule } = await context.requiredApp('worker', logger);
  if (flags.healthHost !== undefined && flags.healthPort === undefined)
    throw new UsageError('--health-host says where --health-port is answered: give that too.');
  app.override({ settings: { ...settings, ...flagSettings(flags) }, source: 'the command line' });
  const files = filesOf(app, flags);
  if (io.origin === 'started') {
    if (flags.uid === undefined && flags.gid === undefined)
      dropPrivileges({ uid: app.settings.workerUid, gid: app.settings.workerGid });
    setMask(app.settings.workerUmask);
  }
  if (flags.detach === true && io.origin === 'started') return await goToBackground(context, app, files);
  // A successor works in the place of the process that was started, which keeps it until both are gone.
  if (files.pid !== undefined && io.origin !== 'succeeding') holdWhileAlive(new PidFile(files.pid, saidBy(context)));
  if (files.log !== undefined) context.logTo(new LogFile(files.log, io.err));
  context.lookAs(app.settings);
  for (const module of flags.include ?? []) await importModule(pathToFileURL(resolve(module)).href);
  // Before the banner, which lists the tasks; the worker's own call finds them loaded.
  await app.loadModules(importModule);
  const worker = new Worker(app, {
    ...workerOptions(flags),
    // An app without a logger of its own was lent this one.
    ...(app.settings.workerHijackRootLogger ? { logger, logLevel: flags.loglevel } : {}),
    importModule,
    exitWhenBlocked: true,
  });
  if (flags.discard === true) await purgeFirst(context, app, worker);
  if (context.options.quiet !== true) context.echo(await bannerOf(context, worker, flags));
  const signals = new ShutdownSignals({
    worker,
    say: (line) => context.io.out(`\n${line}\n`),
    dump: () => context.io.err(`${statusText(worker.status(), Date.now())}\n`),
    platform: platform(),
    isTerminal: isatty(0),
    remapTerm: context.io.environment['REMAP_SIGTERM'] === 'SIGQUIT',
  });
  const redirected = redirectedOutput(app, logger);
  signals.install();
  redirected?.install();
  try {
    return await untilStopped(worker, signals, context);
  } finally {
    signals.remove();
    await app.close();
    if (signals.wantsSuccessor) context.io.succeed();
    redirected?.remove();
  }
}

interface WorkerFiles {
  readonly log: string | undefined;
  readonly pid: string | undefined;
}

/** CL-013: the options, or else the settings. */
function filesOf({ settings }: Ctq, { hostname }: WorkerFlags): WorkerFiles {
  const node = nodeName(hostname);
  const path = (given: string | null | undefined): string | undefined =>
    given === undefined || given === null ? undefined : nodeFormat(given, node);
  return { log: path(settings.workerLogfile), pid: path(settings.workerPidfile) };
}

/** What would keep the worker from starting is told here, where somebody sees it. */
async function goToBackground(context: CommandContext, app: Ctq, { log, pid }: WorkerFiles): Promise<ExitCode> {
  if (pid !== undefined) checkPidFile(pid, saidBy(context));
  if (log !== undefined) new LogFile(log, context.io.err).close();
  await context.io.detach({ executable: app.settings.workerExecutable ?? undefined, logFile: log });
  return exitCodes.ok;
}

function saidBy({ io }: CommandContext): (line: string) => void {
  return (line) => io.err(`${line}\n`);
}

/** However the process ends, but by force. */
function holdWhileAlive(file: PidFile): void {
  process.once('exit', () => file.release());
}

/** Resolves when the worker was stopped, or could not go on. */
async function untilStopped(worker: Worker, signals: ShutdownSignals, context: CommandContext): Promise<ExitCode> {
  const logger = context.logger('error');
  try {
    await worker.start();
  } catch (error) {
    if (signals.exitCode !== undefined) return signals.exitCode;
    // A control message has stopped it before it was ready.
    if (ServiceStoppedError.isInstance(error) && (worker.phase === 'warm' || worker.phase === 'stopped')) {
      await worker.finished;
      return exitCodes.ok;
    }
    throw error;
  }
  // A control message stops a worker, too; a signal that came meanwhile has the last word.
  const finished = worker.finished.then(() => (signals.exitCode === undefined ? undefined : signals.stopped));
  const died = await Promise.race([
    worker.failed,
    signals.stopped.then(() => undefined),
    finished.then(() => undefined),
  ]);
  if (died === undefined) return signals.exitCode ?? exitCodes.ok;
  logger.fatal({ err: died }, `The worker cannot go on: ${died.message}`);
  await worker
    .stop(Deadline.after(5_000))
    .catch((error: unknown) => logger.error({ err: toError(error) }, 'The worker did not stop cleanly'));
  return exitCodes.failure;
}

/** Options that are settings by another name. */
function flagSettings(flags: WorkerFlags): SettingsInput {
  const { timeLimit, softTimeLimit, disablePrefetch, statedb } = flags;
  return {
    ...daemonSettings('worker', flags),
    ...(timeLimit === undefined ? {} : { taskTimeLimit: timeLimit }),
    ...(softTimeLimit === undefined ? {} : { taskSoftTimeLimit: softTimeLimit }),
    ...(statedb === undefined ? {} : { workerStateDb: statedb }),
    ...(disablePrefetch === true ? { workerDisablePrefetch: true } : {}),
  };
}

/** What tasks print, into the command's own log: an app's logger may print through the same streams. */
function redirectedOutput({ settings }: Ctq, logger: Logger): RedirectedOutput | undefined {
  const { workerRedirectStdouts, workerRedirectStdoutsLevel } = settings;
  if (!workerRedirectStdouts) return undefined;
  return new RedirectedOutput([process.stdout, process.stderr], logger, logLevel(workerRedirectStdoutsLevel));
}

function workerOptions(flags: WorkerFlags): WorkerOptions {
  const { hostname, concurrency, pool, prefetchMultiplier, queues, excludeQueues } = flags;
  const { autoscale, maxTasksPerChild, maxMemoryPerChild, healthPort, healthHost } = flags;
  return {
    ...(autoscale === undefined ? {} : { autoscale }),
    ...(maxTasksPerChild === undefined ? {} : { maxTasksPerChild }),
    ...(maxMemoryPerChild === undefined ? {} : { maxMemoryPerChild }),
    ...(queues === undefined ? {} : { queues }),
    ...(excludeQueues === undefined ? {} : { excludeQueues }),
    ...(hostname === undefined ? {} : { hostname }),
    ...(concurrency === undefined ? {} : { concurrency }),
    ...(flags.optimization === 'fair' ? { fair: true } : {}),
    ...(flags.taskEvents === true || flags.events === true ? { taskEvents: true } : {}),
    ...(flags.withoutGossip === true ? { gossip: false } : {}),
    ...(flags.withoutMingle === true ? { mingle: false } : {}),
    ...(flags.withoutHeartbeat === true ? { heartbeat: false } : {}),
    ...(flags.heartbeatInterval === undefined ? {} : { heartbeatInterval: flags.heartbeatInterval }),
    ...(pool === undefined ? {} : { pool }),
    ...(prefetchMultiplier === undefined ? {} : { prefetchMultiplier }),
    ...(healthPort === undefined
      ? {}
      : { health: { port: healthPort, ...(healthHost === undefined ? {} : { host: healthHost }) } }),
  };
}

/** CL-043. */
async function purgeFirst(context: CommandContext, app: Ctq, worker: Worker): Promise<void> {
  const count = await app.control.purge({ queues: worker.queues.map(({ name }) => name) });
  if (count > 0) context.echo(`purge: Erased ${count} ${count === 1 ? 'message' : 'messages'} from the queue.\n`);
}

async function bannerOf({ style }: CommandContext, worker: Worker, { loglevel }: WorkerFlags): Promise<string> {
  const text = banner(await worker.info(), {
    version: `${version()} (ctq)`,
    platform: `${platform()}-${release()}-${arch()}`,
    now: new Date(),
    tasks: loglevel === 'debug' ? 'all' : loglevel === 'info' ? 'own' : undefined,
  });
  return style.cyan(` \n${text}`);
}
