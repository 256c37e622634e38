import { fileURLToPath } from 'node:url';
import { Ctq } from '@ctq/core';
import { disabledBackend } from '@ctq/core/backend';
import { celeryProgram, celeryWorker } from '../celery-program.js';
import { ctqWorker } from '../ctq-worker.js';
import { type Figure, percentile } from '../measure.js';
import { clear } from '../site.js';
import type { WorkerProcess } from '../worker-process.js';
import { answerOf } from './answer-of.js';

// Built, also where this runs from its source.
const ctqTasks = fileURLToPath(new URL('../../dist/worker/ctq-tasks.js', import.meta.url));

interface Product {
  readonly name: string;
  readonly startWorker: (url: string, node: string) => Promise<WorkerProcess>;
  /** How long it takes each time until so many workers have answered, in ms. */
  readonly trips: (url: string, workers: number, count: number) => Promise<readonly number[]>;
}

const products: readonly Product[] = [
  {
    name: 'ctq',
    startWorker: async (url, node) =>
      ctqWorker(ctqTasks, ['-l', 'info', '-P', 'solo', '-n', node], { CTQ_BROKER_URL: url, CTQ_RESULT_BACKEND: url }),
    trips: ctqTrips,
  },
  {
    name: 'Celery',
    startWorker: (url, node) =>
      celeryWorker({ url, stores: true }, ['-l', 'INFO', '-P', 'solo', '-n', node, '--without-mingle']),
    trips: async (url, workers, count) =>
      (await answerOf(
        await celeryProgram({ url, stores: true }, ['inspect_trips.py', `${workers}`, `${count}`]),
      )) as number[],
  },
];

/** How long a question to all workers takes until all have answered. */
export async function inspectFigures(url: string, sizes: readonly number[], count: number): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const workers of sizes) {
    const measured = `ping of ${workers} ${workers === 1 ? 'worker' : 'workers'}, p50`;
    for (const product of products) {
      figures.push({
        name: `${measured}: ${product.name}`,
        value: percentile(await tripsOf(product, url, workers, count), 50),
        unit: 'ms',
        ...(product.name === 'ctq' ? { beside: { Celery: `${measured}: Celery` } } : {}),
      });
    }
  }
  return figures;
}

async function tripsOf(
  { startWorker, trips }: Product,
  url: string,
  workers: number,
  count: number,
): Promise<readonly number[]> {
  await clear(url);
  const running: WorkerProcess[] = [];
  try {
    // One after the other: a machine that starts twenty at a time has no time for any.
    for (let n = 0; n < workers; n += 1) {
      const worker = await startWorker(url, `w${n}@bench`);
      running.push(worker);
      await worker.saysReady();
    }
    return await trips(url, workers, count);
  } finally {
    await Promise.all(running.map((worker) => worker.stop()));
  }
}

async function ctqTrips(url: string, workers: number, count: number): Promise<readonly number[]> {
  await using app = new Ctq('bench-client', { broker: url, backend: disabledBackend() });
  const trips: number[] = [];
  for (let n = 0; n < count; n += 1) {
    const askedAt = performance.now();
    const replies = await app.control.ask('ping', {}, { limit: workers, timeout: 5 });
    trips.push(performance.now() - askedAt);
    if (replies.length !== workers) throw new Error(`${replies.length} of ${workers} workers answered.`);
  }
  return trips;
}
