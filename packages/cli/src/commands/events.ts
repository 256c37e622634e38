import type { Ctq } from '@ctq/core';
import { Camera, ClusterState, EventDump, EventReceiver } from '@ctq/core/events';
import type { LogLevel } from '@ctq/runtime';
import { Command, Option } from 'commander';
import type { CommandContext, RunCommand } from '../command-context.js';
import { connectionLines } from '../connection-lines.js';
import { type ExitCode, exitCodes } from '../exit-codes.js';
import { loadShutter } from '../load/load-shutter.js';
import { interval, logLevel, rate } from '../option-values.js';
import { LogFile } from '../process/log-file.js';
import { checkPidFile, PidFile } from '../process/pid-file.js';
import { dropPrivileges, setMask } from '../process/privileges.js';
import { StopSignals } from '../stop-signals.js';
import { UsageError } from '../usage-error.js';
import { type DaemonFlags, daemonSettings, withDaemonOptions } from './daemon-options.js';

interface EventsFlags extends DaemonFlags {
  readonly dump?: boolean;
  readonly camera?: string;
  readonly frequency?: number;
  readonly freq?: number;
  readonly maxrate?: string;
  readonly loglevel: LogLevel;
}

/** `ctq events`: what happens in the cluster, as lines or in pictures (CL-069 to CL-077). */
export function eventsCommand(run: RunCommand): Command {
  const command = new Command('events')
    .description('show events of workers and tasks, or take pictures of the cluster')
    .option('-d, --dump', 'print events as they come')
    .option(
      '-c, --camera <module>',
      'take pictures with what this module exports; path:export where it exports several',
    )
    .addOption(new Option('-F, --frequency <seconds>', 'between two pictures; default 1').argParser(interval))
    .addOption(new Option('--freq <seconds>', 'the same').argParser(interval))
    .addOption(new Option('-r, --maxrate <rate>', 'no more pictures than this, such as 10/m').argParser(rate))
    .addOption(
      new Option('-l, --loglevel <level>', 'DEBUG, INFO, WARNING, ERROR or CRITICAL')
        .argParser(logLevel)
        .default('warn', 'WARNING'),
    );
  return withDaemonOptions(command, { what: 'camera', detached: 'take pictures in the background' }).action(
    (flags: EventsFlags) => run((context) => showEvents(context, flags)),
  );
}

async function showEvents(context: CommandContext, flags: EventsFlags): Promise<ExitCode> {
  const { dump = false, camera, detach = false } = flags;
  if (!dump && camera === undefined)
    throw new UsageError(
      'What of the events? `ctq events --dump` prints them as they come, `ctq events --camera <module>` takes pictures of the cluster. There is no monitor that fills the screen.',
    );
  if (detach && camera === undefined)
    throw new UsageError('Only a camera goes to the background: --detach needs --camera.');
  const { io } = context;
  if (io.origin === 'started') dropPrivileges(flags);
  const { app, importModule } = await context.app(context.logger(flags.loglevel));
  try {
    app.override({ settings: daemonSettings('events', flags), source: 'the command line' });
    const { eventsUid: uid, eventsGid: gid, eventsUmask: umask, eventsLogfile: logFile } = app.settings;
    if (io.origin === 'started') {
      if (flags.uid === undefined && flags.gid === undefined) dropPrivileges({ uid, gid });
      setMask(umask);
    }
    const pidFile = camera === undefined ? undefined : (app.settings.eventsPidfile ?? undefined);
    const say = (line: string): void => io.err(`${line}\n`);
    if (detach && io.origin === 'started') {
      // What would keep it from starting is told here, where somebody sees it.
      if (pidFile !== undefined) checkPidFile(pidFile, say);
      if (logFile) new LogFile(logFile, io.err).close();
      await io.detach({ executable: app.settings.eventsExecutable ?? undefined, logFile: logFile ?? undefined });
      return exitCodes.ok;
    }
    const held = pidFile === undefined ? undefined : new PidFile(pidFile, say);
    // However the process ends, but by force.
    process.once('exit', () => held?.release());
    if (logFile) context.logTo(new LogFile(logFile, io.err));
    using signals = new StopSignals();
    if (dump || camera === undefined) await dumpEvents(context, app, signals.stopped);
    else await takePictures(context, app, { ...flags, camera, importModule, stopped: signals.stopped });
    return exitCodes.ok;
  } finally {
    await app.close();
  }
}

/** celery 5.6 events/dumper.py, evdump. */
async function dumpEvents(context: CommandContext, app: Ctq, stopped: AbortSignal): Promise<void> {
  context.echo('-> evdump: starting capture...');
  app.onConnectionChange((change) => {
    for (const line of connectionLines(change)) context.echo(line);
  });
  await using receiver = new EventReceiver(app);
  const dump = new EventDump();
  receiver.on('*', (event) => context.echo(dump.line(event)));
  await receiver.capture({ signal: stopped });
}

interface PictureOptions extends Pick<EventsFlags, 'freq' | 'frequency' | 'maxrate'> {
  readonly camera: string;
  readonly importModule: (url: string) => Promise<unknown>;
  readonly stopped: AbortSignal;
}

/** celery 5.6 events/snapshot.py, evcam. */
async function takePictures(
  context: CommandContext,
  app: Ctq,
  { camera: module, freq = 1, frequency = freq, maxrate, importModule, stopped }: PictureOptions,
): Promise<void> {
  const { clock, logger } = app.kernel;
  const state = new ClusterState({ clock, logger });
  const shutter = await loadShutter(module, importModule, { app, state });
  context.echo(`-> evcam: Taking snapshots with ${module} (every ${frequency} secs.)`);
  await using camera = new Camera(state, {
    ...{ clock, logger, frequency, ...(maxrate === undefined ? {} : { maxRate: maxrate }) },
    // By name: they may be methods of a class.
    onShutter: (one) => shutter.onShutter(one),
    onCleanup: (one) => shutter.onCleanup?.(one),
    clearAfter: shutter.clearAfter ?? false,
  });
  await using receiver = new EventReceiver(app);
  receiver.on('*', (event) => state.event(event));
  camera.start();
  await receiver.capture({ signal: stopped });
}
