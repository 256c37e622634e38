import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seededRandom } from '@ctq/test-services';
import { Victim } from './victim.js';

export interface SoakOptions {
  readonly tasks: number;
  readonly kills: number;
  readonly workers: number;
  readonly concurrency: number;
  /** Where tasks run. With processes every other kill is of one of these, and not of a worker. */
  readonly pool: string;
  readonly seed: number;
  /** What ends a worker. Default: SIGKILL. */
  readonly signal?: NodeJS.Signals;
  /** Seconds after which a dead worker's tasks are given back. */
  readonly leaseSeconds: number;
  readonly onProgress?: (done: number, kills: number) => void;
}

export interface SoakReport extends SoakOptions {
  readonly broker: string;
  /** Tasks without a SUCCESS result, or without an execution. The promise is 0. */
  readonly lost: number;
  /** Executions beyond one per task: at-least-once allows them. */
  readonly repeated: number;
  readonly seconds: number;
}

/**
 * Ends workers at seeded moments while they work, and counts what became of every task. Uses the broker of the environment, else an SQLite
 * file of its own.
 */
export async function soak(options: SoakOptions): Promise<SoakReport> {
  const folder = await mkdtemp(join(tmpdir(), 'ctq-soak-'));
  const journal = join(folder, 'journal');
  await writeFile(journal, '');
  process.env['CTQ_SOAK_JOURNAL'] = journal;
  process.env['CTQ_BROKER_URL'] ??= `sqlite://${join(folder, 'soak.sqlite')}?leaseDuration=${options.leaseSeconds}s`;
  process.env['CTQ_RESULT_BACKEND'] ??= `sqlite://${join(folder, 'soak.sqlite')}`;
  const { app, work } = await import('./tasks.js');
  const random = seededRandom(options.seed);
  const startedAt = performance.now();
  const victims = Array.from(
    { length: options.workers },
    (_, index) => new Victim(`victim${index}`, options.concurrency, options.pool),
  );
  try {
    await Promise.all(victims.map((victim) => victim.start()));
    const unsettled: Promise<void>[] = [];
    const wrong = new Set<number>();
    let done = 0;
    let sent = 0;
    const send = async (count: number): Promise<void> => {
      const numbers = Array.from({ length: count }, (_, index) => sent + index);
      sent += count;
      await Promise.all(
        numbers.map(async (n) => {
          const result = await work.delay(n, Math.floor(random() * 20));
          const settled = result.get({ timeout: '10m' }).catch((error: unknown) => error);
          unsettled.push(
            settled.then((value) => {
              if (value !== n * 2) wrong.add(n);
              done += 1;
            }),
          );
        }),
      );
    };
    // One slice of the work for each kill, which comes when a random part of the slice is done: always in the middle, whatever the machine's speed.
    for (let kills = 0; kills < options.kills; kills += 1) {
      const slice = Math.floor(options.tasks / options.kills);
      const moment = sent + Math.floor(random() * slice * 0.9);
      await send(slice);
      while (done < moment) await pause(1);
      const victim = victims[Math.floor(random() * victims.length)];
      const isOfSlot = options.pool === 'processes' && kills % 2 === 0;
      if (!(isOfSlot && (await victim?.killSlot(random)))) await victim?.killAndReplace(options.signal);
      options.onProgress?.(done, kills + 1);
    }
    await send(options.tasks - sent);
    await Promise.all(unsettled);
    const executions = (await readFile(journal, 'utf8')).split('\n').filter((line) => line !== '');
    const executed = new Set(executions.map(Number));
    const lost = Array.from({ length: sent }, (_, n) => n).filter((n) => wrong.has(n) || !executed.has(n));
    const { onProgress: _, ...asked } = options;
    return {
      ...asked,
      broker: (await app.transport()).name,
      lost: lost.length,
      repeated: executions.length - executed.size,
      seconds: (performance.now() - startedAt) / 1_000,
    };
  } finally {
    await Promise.all(victims.map((victim) => victim.end('SIGTERM')));
    await app.close();
    await rm(folder, { recursive: true, force: true });
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
