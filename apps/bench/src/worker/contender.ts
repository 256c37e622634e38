import { fileURLToPath } from 'node:url';
import { celeryWorker } from '../celery-program.js';
import { ctqWorker } from '../ctq-worker.js';
import { WorkerProcess } from '../worker-process.js';
import { openBullmqQueue } from './bullmq-queue.js';
import { kombuQueue } from './kombu-queue.js';
import type { WorkQueue } from './work-queue.js';

/** A product with one of its ways to run tasks: its worker in processes of its own, and its queue. */
export interface Contender {
  readonly openQueue: (url: string) => Promise<WorkQueue>;
  readonly startWorker: (url: string, concurrency: number) => Promise<WorkerProcess>;
}

// Built, also where this runs from its source.
const ctqTasks = fileURLToPath(new URL('../../dist/worker/ctq-tasks.js', import.meta.url));
const bullmqWorker = fileURLToPath(new URL('../../dist/worker/bullmq-worker.js', import.meta.url));

export function ctq(pool: 'async' | 'solo' | 'threads' | 'processes'): Contender {
  return {
    openQueue: async (url) => kombuQueue(url),
    startWorker: async (url, concurrency) =>
      ctqWorker(ctqTasks, ['-l', 'warning', '-P', pool, '-c', String(concurrency)], {
        CTQ_BROKER_URL: url,
        CTQ_RESULT_BACKEND: url,
      }),
  };
}

export function celery(pool: 'prefork' | 'solo'): Contender {
  return {
    openQueue: async (url) => kombuQueue(url),
    startWorker: (url, concurrency) =>
      celeryWorker({ url, stores: true }, ['-l', 'WARNING', '-P', pool, '-c', String(concurrency)]),
  };
}

/** In its own event loop, or in sandboxes. */
export function bullmq(where: 'loop' | 'processes' | 'threads'): Contender {
  return {
    openQueue: openBullmqQueue,
    startWorker: async (url, concurrency) =>
      new WorkerProcess({
        command: process.execPath,
        args: [bullmqWorker, url, where, String(concurrency)],
      }),
  };
}
