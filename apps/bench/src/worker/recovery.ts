import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Contender } from './contender.js';
import { Session } from './session.js';
import { sharedNow } from './work.js';

/** How the code of a task is ended that does not end: by the limit that it has, or by somebody who kills the process. */
export type Ending = 'time limit' | 'SIGKILL';

/** Long enough for a task to hang before it is killed. */
const hangMs = 100;

/** From the last sign of life of code that is killed until the only slot runs the next task, in ms. */
export async function recoveryMs(contender: Contender, ending: Ending, url: string): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'ctq-bench-'));
  const pulse = join(folder, 'pulse');
  try {
    await using session = await Session.open(contender, url, 1);
    await session.call('hang', [pulse]);
    const sentAt = sharedNow();
    const next = await session.call('stamp', [sentAt]);
    if (ending === 'SIGKILL') await killOwner(pulse);
    const startedAt = sentAt + (await next.result());
    const { lastAt } = await read(pulse);
    return startedAt - lastAt;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function killOwner(pulse: string): Promise<void> {
  let pid = Number.NaN;
  while (Number.isNaN(pid)) {
    await sleep(hangMs);
    ({ pid } = await read(pulse).catch(() => ({ pid: Number.NaN })));
  }
  process.kill(pid, 'SIGKILL');
}

async function read(pulse: string): Promise<{ readonly pid: number; readonly lastAt: number }> {
  const [pid = Number.NaN, lastAt = Number.NaN] = (await readFile(pulse, 'utf8')).trim().split(' ').map(Number);
  return { pid, lastAt };
}
