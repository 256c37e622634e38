import type { SettingsInput } from '@ctq/core';
import type { Command } from 'commander';

/** What every command has that may go to the background. */
export interface DaemonFlags {
  readonly logfile?: string;
  readonly pidfile?: string;
  readonly uid?: string;
  readonly gid?: string;
  readonly umask?: string;
  readonly executable?: string;
  readonly detach?: boolean;
}

export interface DaemonWords {
  /** Of which there is only one with a pid file. */
  readonly what: string;
  /** What goes to the background. */
  readonly detached: string;
  /** What names of files may have in them. */
  readonly names?: string;
}

/** The options of daemons (CL-060, CL-075). */
export function withDaemonOptions(command: Command, { what, detached, names = '' }: DaemonWords): Command {
  return command
    .option('-f, --logfile <file>', `lines to this file in place of stderr${names}`)
    .option('--pidfile <file>', `be the only ${what} with this file, and write the process id to it`)
    .option('--uid <user>', 'go on as this user')
    .option('--gid <group>', 'go on in this group')
    .option('--umask <mask>', 'file mode mask, octal')
    .option('-D, --detach', detached)
    .option('--executable <file>', 'the Node to run in the background');
}

/** Those that are settings by another name: `workerLogfile`, `eventsPidfile`, … */
export function daemonSettings(prefix: 'worker' | 'events', flags: DaemonFlags): SettingsInput {
  const { logfile, pidfile, uid, gid, umask, executable } = flags;
  const given = Object.entries({
    Logfile: logfile,
    Pidfile: pidfile,
    Uid: uid,
    Gid: gid,
    Umask: umask,
    Executable: executable,
  });
  return Object.fromEntries(
    given.filter(([, value]) => value !== undefined).map(([name, value]) => [`${prefix}${name}`, value]),
  );
}
