import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';

export interface DetachOptions {
  /** Runs the program; default: the Node that runs this one. */
  readonly executable: string | undefined;
  /** Has what is printed before the log is open, and the last words of a process that breaks. */
  readonly logFile: string | undefined;
}

/** Runs the same command line in a process without a terminal, in a session of its own. @param folder where the command line was given. */
export async function detach(folder: string, { executable, logFile }: DetachOptions): Promise<void> {
  const child = spawn(executable ?? process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
    cwd: folder,
    env: { ...process.env, CTQ_DETACHED: '1' },
    detached: true,
    stdio: ['ignore', 'ignore', logFile === undefined ? 'ignore' : openSync(logFile, 'a')],
  });
  await once(child, 'spawn');
  child.unref();
}

/** Whether this process was started by `detach`; what it starts itself is not. */
export function wasDetached(): boolean {
  const isMarked = process.env['CTQ_DETACHED'] !== undefined;
  delete process.env['CTQ_DETACHED'];
  return isMarked;
}
