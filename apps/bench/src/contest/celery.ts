import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { celeryProgram, celeryWorker } from '../celery-program.js';
import type { Site } from '../site.js';
import type { WorkerProcess } from '../worker-process.js';
import type { Contestant, Measured } from './contestant.js';
import { progressAt } from './progress.js';

/** How often the queue is looked at while a worker empties it. */
const lookMs = 5;
/** After so many tasks it has started up. */
const begun = 50;

/**
 * Celery in Python. Its worker has a process for each core, which is its fastest way through short tasks: a hundred of them, or threads, are slower. What it has
 * done is seen from outside, by what is left.
 */
export const celery: Contestant = {
  sends: ['one-by-one'],

  async send(site, order) {
    const { command, args, cwd, environment } = await celeryProgram(site, [
      'contender.py',
      order.what,
      String(order.count),
    ]);
    const program = spawn(command, args, {
      cwd,
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    return JSON.parse(await text(program.stdout)) as Measured;
  },

  async work(site, { count }) {
    const worker = await celeryWorker(site, ['-l', 'INFO', '-c', '2']);
    const ending = new AbortController();
    const measureAndStop = async (): Promise<Measured> => {
      try {
        return await measure(worker, site, count, ending.signal);
      } finally {
        await worker.stop();
      }
    };
    await worker.saysReady();
    const measured = measureAndStop();
    return {
      measured,
      async stop() {
        ending.abort();
        await measured;
      },
    };
  },
};

/** From the first look at which something was done to the one at which everything was. */
async function measure(worker: WorkerProcess, site: Site, count: number, signal: AbortSignal): Promise<Measured> {
  await using progress = await progressAt(site);
  let before = await progress.done(count);
  for (; before < begun && !signal.aborted; before = await progress.done(count)) await sleep(lookMs);
  const startedAt = performance.now();
  const cpu = worker.usage().cpuSeconds;
  while ((await progress.done(count)) < count && !signal.aborted) await sleep(lookMs);
  const share = (count - before) / count;
  const { cpuSeconds, residentMiB } = worker.usage();
  return {
    seconds: (performance.now() - startedAt) / 1_000 / share,
    cpuSeconds: (cpuSeconds - cpu) / share,
    residentMiB,
    tripsMs: [],
  };
}
