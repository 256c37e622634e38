import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seededRandom } from './random.js';
import { Victim } from './victim.js';

export interface SoakOptions {
  readonly tasks: number;
  readonly kills: number;
  readonly workers: number;
  readonly concurrency: number;
  readonly seed: number;
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
 * Kills workers with SIGKILL at seeded moments while they work, and counts what became of every task. Uses the broker of the environment, else an SQLite
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
    (_, index) => new Victim(`victim${index}`, options.concurrency),
  );
  try {
    await Promise.all(victims.map((victim) => victim.start()));
    const results = await Promise.all(
      Array.from({ length: options.tasks }, (_, n) => work.delay(n, Math.floor(random() * 20))),
    );

    let done = 0;
    let kills = 0;
    const wrong: number[] = [];
    const all = Promise.all(
      results.map(async (result, n) => {
        const value = await result.get({ timeout: '10m' }).catch((error: unknown) => error);
        if (value !== n * 2) wrong.push(n);
        done += 1;
      }),
    );
    // A moment is a number of finished tasks and a few milliseconds more: the same seed kills in the same phases of the work.
    const moments = Array.from({ length: options.kills }, () => Math.floor(random() * options.tasks * 0.95)).sort(
      (a, b) => a - b,
    );
    for (const moment of moments) {
      while (done < moment) await pause(2);
      await pause(random() * 40);
      const victim = victims[Math.floor(random() * victims.length)];
      await victim?.killAndReplace();
      kills += 1;
      options.onProgress?.(done, kills);
    }
    await all;
    const executions = (await readFile(journal, 'utf8')).split('\n').filter((line) => line !== '');
    const executed = new Set(executions.map(Number));
    const lost = new Set([...wrong, ...results.keys()].filter((n) => wrong.includes(n) || !executed.has(n)));
    const { onProgress: _, ...asked } = options;
    return {
      ...asked,
      broker: (await app.transport()).name,
      lost: lost.size,
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
