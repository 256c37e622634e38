import { fileURLToPath } from 'node:url';
import { toError } from '@ctq/runtime';
import { celeryWorker } from '../celery-program.js';
import { ctqWorker } from '../ctq-worker.js';
import type { Figure } from '../measure.js';
import type { Contender } from '../worker/contender.js';
import { kombuQueue } from '../worker/kombu-queue.js';
import { Session } from '../worker/session.js';
import { Listener } from './listener.js';

// Built, also where this runs from its source.
const ctqTasks = fileURLToPath(new URL('../../dist/worker/ctq-tasks.js', import.meta.url));

const counting = new URL('../../dist/events/count-events.js', import.meta.url);

interface Product {
  readonly name: string;
  readonly concurrency: number;
  /** Of one drain: about a second's work. */
  readonly noops: number;
  /** @param flags beside those that every one has */
  readonly contender: (flags: readonly string[]) => Contender;
}

const products: readonly Product[] = [
  {
    name: 'ctq async',
    concurrency: 100,
    noops: 15_000,
    contender: (flags) => ({
      openQueue: async (url) => kombuQueue(url),
      startWorker: async (url, concurrency) =>
        ctqWorker(ctqTasks, ['-l', 'warning', '-P', 'async', '-c', `${concurrency}`, ...flags], {
          CTQ_BROKER_URL: url,
          CTQ_RESULT_BACKEND: url,
        }),
    }),
  },
  {
    name: 'Celery prefork',
    concurrency: 2,
    noops: 800,
    contender: (flags) => ({
      openQueue: async (url) => kombuQueue(url),
      startWorker: (url, concurrency) =>
        celeryWorker({ url, stores: true }, ['-l', 'WARNING', '-c', `${concurrency}`, ...flags]),
    }),
  },
];

const ways = [
  { name: 'events off', flags: [], listens: false },
  { name: 'events on, nobody listens', flags: ['-E'], listens: false },
  { name: 'events on, one listens', flags: ['-E'], listens: true },
] as const;

/** What the events of tasks cost the worker that sends them. @param share of the tasks */
export async function throughputFigures(url: string, share: number): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const product of products) {
    for (const way of ways) figures.push(...(await figuresOf(product, way, url, share)));
  }
  return figures;
}

async function figuresOf(
  { name, concurrency, noops, contender }: Product,
  way: (typeof ways)[number],
  url: string,
  share: number,
): Promise<readonly Figure[]> {
  const named = { name: `no-op, ${way.name}: ${name}`, unit: 'tasks/s' } as const;
  const beside = way === ways[0] ? {} : { 'without events': `no-op, ${ways[0].name}: ${name}` };
  const count = Math.round(noops * share);
  try {
    await using session = await Session.open(contender(way.flags), url, concurrency);
    await using listener = way.listens ? await Listener.start<number>(counting, url) : undefined;
    await listener?.ask();
    const { seconds } = await session.drain(
      'add',
      Array.from({ length: count }, (_, n) => [n, 1] as const),
    );
    const figure = { ...named, beside, value: count / seconds };
    if (listener === undefined) return [figure];
    // Received, started, succeeded.
    const heard = ((await listener.ask()) / (count * 3)) * 100;
    return [figure, { name: `events heard of ${name}, at the end of the drain`, unit: '%', value: heard }];
  } catch (error) {
    const [why = ''] = toError(error).message.split('\n').slice(-1);
    const figure = { ...named, value: Number.NaN, absent: why };
    return way.listens ? [figure, { ...figure, name: `events heard of ${name}, at the end of the drain` }] : [figure];
  }
}
