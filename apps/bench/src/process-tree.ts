import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

export interface Usage {
  /** User and system time so far, in seconds. */
  readonly cpuSeconds: number;
  /** Resident memory in MiB. */
  readonly residentMiB: number;
}

/** What a process and its children use, by proc(5). */
export function processTree(pid: number): Usage {
  let cpuSeconds = 0;
  let residentMiB = 0;
  for (const { usage } of processesOf(pid)) {
    cpuSeconds += usage.cpuSeconds;
    residentMiB += usage.residentMiB;
  }
  return { cpuSeconds, residentMiB };
}

/** The most resident memory that a process and its children have had since `forgetPeak`, in MiB: of each its own most, also where these were not at the same time. */
export function peakMiB(pid: number): number {
  let kib = 0;
  for (const { id } of processesOf(pid)) {
    try {
      kib += Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${id}/status`, 'utf8'))?.[1] ?? 0);
    } catch {
      // It ended meanwhile.
    }
  }
  return kib / 1_024;
}

/** Has the peaks of a process and its children begin anew from what they have now. */
export function forgetPeak(pid: number): void {
  // "5: reset the peak resident set size" (proc(5), clear_refs)
  for (const { id } of processesOf(pid)) writeFileSync(`/proc/${id}/clear_refs`, '5');
}

interface Process {
  readonly id: number;
  readonly parent: number;
  readonly usage: Usage;
}

function processesOf(pid: number): readonly Process[] {
  const all = readProcesses();
  return [...all.values()].filter(({ id }) => {
    let ancestor: number | undefined = id;
    while (ancestor !== undefined && ancestor !== pid) ancestor = all.get(ancestor)?.parent;
    return ancestor !== undefined;
  });
}

function readProcesses(): ReadonlyMap<number, Process> {
  const found = new Map<number, Process>();
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, 'utf8');
      // The command's name may hold spaces and ends at the last parenthesis; times are in ticks of 10 ms, memory in pages of 4 KiB.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      const id = Number(entry);
      const usage = {
        cpuSeconds: (Number(fields[11]) + Number(fields[12])) / 100,
        residentMiB: (Number(fields[21]) * 4_096) / 1_048_576,
      };
      found.set(id, { id, parent: Number(fields[1]), usage });
    } catch {
      // It ended meanwhile.
    }
  }
  return found;
}
