import { readdirSync, readFileSync } from 'node:fs';

export interface Usage {
  /** User and system time so far, in seconds. */
  readonly cpuSeconds: number;
  /** Resident memory in MiB. */
  readonly residentMiB: number;
}

/** What a process and its children use, by proc(5). */
export function processTree(pid: number): Usage {
  const { parents, usage } = readProcesses();
  let cpuSeconds = 0;
  let residentMiB = 0;
  for (const [id, own] of usage) {
    let ancestor: number | undefined = id;
    while (ancestor !== undefined && ancestor !== pid) ancestor = parents.get(ancestor);
    if (ancestor === undefined) continue;
    cpuSeconds += own.cpuSeconds;
    residentMiB += own.residentMiB;
  }
  return { cpuSeconds, residentMiB };
}

function readProcesses(): { readonly parents: Map<number, number>; readonly usage: Map<number, Usage> } {
  const parents = new Map<number, number>();
  const usage = new Map<number, Usage>();
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, 'utf8');
      // The command's name may hold spaces and ends at the last parenthesis; times are in ticks of 10 ms, memory in pages of 4 KiB.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      parents.set(Number(entry), Number(fields[1]));
      usage.set(Number(entry), {
        cpuSeconds: (Number(fields[11]) + Number(fields[12])) / 100,
        residentMiB: (Number(fields[21]) * 4_096) / 1_048_576,
      });
    } catch {
      // It ended meanwhile.
    }
  }
  return { parents, usage };
}
