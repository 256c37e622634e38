import { fileURLToPath } from 'node:url';
import { celeryProgram, celeryWorker } from '../celery-program.js';
import { ctqWorker } from '../ctq-worker.js';
import { type Program, WorkerProcess } from '../worker-process.js';
import type { Shape } from './shape.js';

/** A product that has workflows: its worker and its client, in processes of their own on one Redis. */
export interface Contender {
  readonly name: string;
  readonly startWorker: (url: string) => Promise<WorkerProcess>;
  /** A program that takes orders. */
  readonly client: (url: string) => Promise<Program>;
  /** The one kind in which it differs from another one, if there is. */
  readonly only?: Shape['kind'];
}

// Built, also where this runs from its source.
const ctqTasks = fileURLToPath(new URL('../../dist/canvas/ctq-tasks.js', import.meta.url));
const ctqClient = fileURLToPath(new URL('../../dist/canvas/ctq-client.js', import.meta.url));
const bullmqWorker = fileURLToPath(new URL('../../dist/canvas/bullmq-worker.js', import.meta.url));
const bullmqClient = fileURLToPath(new URL('../../dist/canvas/bullmq-client.js', import.meta.url));

const atATime = '100';

const ctq: Contender = {
  name: 'ctq',
  startWorker: async (url) =>
    ctqWorker(ctqTasks, ['-l', 'warning', '-P', 'async', '-c', atATime], {
      CTQ_BROKER_URL: url,
      CTQ_RESULT_BACKEND: url,
    }),
  client: async (url) => ({ command: process.execPath, args: [ctqClient, url] }),
};

/** Steps of a chain that a message carries. */
const inlineLinks = '50';

/** The messages of long chains do not grow with them then. */
const ctqWithParts: Contender = {
  ...ctq,
  name: `ctq, ${inlineLinks} steps a message`,
  client: async (url) => ({ command: process.execPath, args: [ctqClient, url, inlineLinks] }),
  only: 'chain',
};

/** With a process for each core, its fastest way through short tasks. */
const celery: Contender = {
  name: 'Celery',
  startWorker: (url) => celeryWorker({ url, stores: true }, ['-l', 'WARNING', '-P', 'prefork', '-c', '2'], 'canvas'),
  client: (url) => celeryProgram({ url, stores: true }, ['canvas.py']),
};

const bullmq: Contender = {
  name: 'BullMQ',
  startWorker: async (url) => new WorkerProcess({ command: process.execPath, args: [bullmqWorker, url, atATime] }),
  client: async (url) => ({ command: process.execPath, args: [bullmqClient, url] }),
};

export const contenders: readonly Contender[] = [ctq, ctqWithParts, celery, bullmq];
