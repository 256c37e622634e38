import { readdirSync, readFileSync } from 'node:fs';

export interface ProcessFigures {
  readonly rssMiB: number;
  /** Open files, sockets, pipes. */
  readonly descriptors: number;
}

/** What a process takes, where the system has /proc; undefined elsewhere, and of one that has ended. */
export function processFigures(pid: number): ProcessFigures | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    const [, kib = '0'] = /^VmRSS:\s+(\d+)/m.exec(status) ?? [];
    return { rssMiB: Number(kib) / 1_024, descriptors: readdirSync(`/proc/${pid}/fd`).length };
  } catch {
    return undefined;
  }
}
