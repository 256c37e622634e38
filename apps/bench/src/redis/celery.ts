import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { pythonWith } from '@ctq/test-services';
import { Redis } from 'ioredis';
import { processTree } from '../process-tree.js';
import type { Site } from './contender.js';
import type { Contestant, Measured } from './contestant.js';

const programs = fileURLToPath(new URL('../../python/', import.meta.url));

/** How often the queue is looked at while a worker empties it. */
const lookMs = 5;
/** After so many tasks it has started up. */
const begun = 50;

/**
 * Celery in Python. Its worker has a process for each core, which is its fastest way through short tasks: a hundred of them, or threads, are slower. What it has
 * done is seen from outside, by what is left in Redis.
 */
export const celery: Contestant = {
  sends: ['one-by-one'],

  async send(site, order) {
    const program = spawn(await python(), ['contender.py', order.what, String(order.count)], {
      cwd: programs,
      env: environment(site),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    return JSON.parse(await text(program.stdout)) as Measured;
  },

  async work(site, { count }) {
    const worker = spawn(await python(), ['-m', 'celery', '-A', 'contender', 'worker', '-l', 'INFO', '-c', '2'], {
      cwd: programs,
      env: environment(site),
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const exited = once(worker, 'exit');
    const ending = new AbortController();
    const measureAndStop = async (): Promise<Measured> => {
      try {
        return await measure(worker, site, count, ending.signal);
      } finally {
        worker.kill('SIGTERM');
        await exited;
      }
    };
    await Promise.race([
      saysReady(worker),
      exited.then(([code]) => {
        throw new Error(`Celery's worker ended with ${code} before it was ready.`);
      }),
    ]);
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

function python(): Promise<string> {
  return pythonWith(fileURLToPath(new URL('../../python/requirements.txt', import.meta.url)));
}

function environment({ url, stores }: Site): NodeJS.ProcessEnv {
  return { ...process.env, BENCH_URL: url, BENCH_STORES: stores ? 'stores' : 'ignores' };
}

function saysReady({ stderr }: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    // Read to its end, lest the worker block on a full pipe.
    if (stderr !== null) createInterface(stderr).on('line', (line) => line.endsWith(' ready.') && resolve());
  });
}

/** From the first look at which something was done to the one at which everything was. */
async function measure(
  { pid = 0 }: ChildProcess,
  { url, stores }: Site,
  count: number,
  signal: AbortSignal,
): Promise<Measured> {
  const client = new Redis(url);
  const done = async (): Promise<number> => {
    // The results; a few other keys do not matter.
    if (stores) return client.dbsize();
    const [waiting, held] = await Promise.all([client.llen('celery'), client.hlen('unacked')]);
    return count - waiting - held;
  };
  try {
    let before = await done();
    for (; before < begun && !signal.aborted; before = await done()) await sleep(lookMs);
    const startedAt = performance.now();
    const cpu = processTree(pid).cpuSeconds;
    while ((await done()) < count && !signal.aborted) await sleep(lookMs);
    const share = (count - before) / count;
    const { cpuSeconds, residentMiB } = processTree(pid);
    return {
      seconds: (performance.now() - startedAt) / 1_000 / share,
      cpuSeconds: (cpuSeconds - cpu) / share,
      residentMiB,
      tripsMs: [],
    };
  } finally {
    client.disconnect();
  }
}
