import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { toError } from '@ctq/runtime';
import { PidFileError } from './pid-file-error.js';

/** A file with the id of a process, which stands for that process: there is one of it at a time (celery 5.6 platforms.py, Pidfile). */
export class PidFile {
  readonly path: string;

  /** Takes the place. Lines that a person should see are given to `say`. @throws PidFileError when somebody has it, or it cannot be written. */
  constructor(path: string, say: (line: string) => void) {
    this.path = path;
    removeIfStale(path, say);
    try {
      writeFileSync(path, `${process.pid}\n`, { flag: 'wx', mode: 0o644 });
    } catch (error) {
      throw PidFileError.unwritable(path, toError(error));
    }
  }

  /** Gives it back. Idempotent; a file that is another process's by now stays. */
  release(): void {
    if (readPid(this.path) === process.pid) rmSync(this.path, { force: true });
  }
}

/** What a process is in the way of that is still to be started. @throws PidFileError */
export function checkPidFile(path: string, say: (line: string) => void): void {
  new PidFile(path, say).release();
}

function removeIfStale(path: string, say: (line: string) => void): void {
  const pid = readPid(path);
  if (pid === undefined) return;
  // Our own: of a container that was killed, and is process 1 again.
  if (pid !== process.pid && isAlive(pid)) throw PidFileError.taken(path, pid);
  if (Number.isNaN(pid)) say('Broken pidfile found - Removing it.');
  else if (pid !== process.pid) say('Stale pidfile exists - Removing it.');
  rmSync(path, { force: true });
}

/** NaN for a file in which there is no id. */
function readPid(path: string): number | undefined {
  try {
    const [, digits] = /^(\d+)\n/.exec(readFileSync(path, 'utf8')) ?? [];
    return Number(digits ?? Number.NaN);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw PidFileError.unwritable(path, toError(error));
  }
}

/** Celery takes a process of another user for a dead one. */
function isAlive(pid: number): boolean {
  if (Number.isNaN(pid)) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
