import { startServices } from '@ctq/test-services';
import { type Figure, percentile } from '../measure.js';
import { clear } from '../site.js';
import { celery } from './celery.js';
import type { Contestant, Measured, SendOrder } from './contestant.js';
import { nodeContestant } from './node-contestant.js';

const contestants: Readonly<Record<string, Contestant>> = {
  ctq: nodeContestant('ctq'),
  bullmq: nodeContestant('bullmq'),
  'bee-queue': nodeContestant('bee-queue'),
  celery,
};
const concurrency = 100;
const tasks = 20_000;
const trips = 10_000;
/** The stored drain, after which memory is looked at. */
const manyTasks = 50_000;

/** What ctq is expected to reach on two cores. */
const expectations: Readonly<Record<string, Figure['expected']>> = {
  'publish one-by-one': { atLeast: 10_000 },
  'publish in-flight': { atLeast: 40_000 },
  'publish bulk': { atLeast: 70_000 },
  'drain, results stored': { atLeast: 20_000 },
  'drain, results ignored': { atLeast: 25_000 },
  'producer and worker together': { atLeast: 17_000 },
  'round trip p50': { atMost: 0.8 },
  'CPU of the worker per 10,000 tasks': { atMost: 0.45 },
  'RSS of the worker after 50,000 tasks': { atMost: 100 },
};

/** ctq beside others on the same Redis, each in processes of its own. */
export async function redis(): Promise<readonly Figure[]> {
  await using services = await startServices({ redis: true });
  if (services.redis === undefined) throw new Error('There is no Redis here and none could be installed.');
  const figures: Figure[] = [];
  for (const [name, contestant] of Object.entries(contestants)) {
    for (const figure of await figuresOf(contestant, services.redis.url)) {
      const expected = name === 'ctq' ? expectations[figure.name] : undefined;
      figures.push({ ...figure, name: `${name}: ${figure.name}`, ...(expected === undefined ? {} : { expected }) });
    }
  }
  return figures;
}

async function figuresOf({ sends, ...contestant }: Contestant, url: string): Promise<readonly Figure[]> {
  const send = (how: SendOrder['what'], stores = true, count = tasks): Promise<Measured> =>
    contestant.send({ url, stores }, { what: how, count });
  const work = (stores: boolean, count = tasks): ReturnType<Contestant['work']> =>
    contestant.work({ url, stores }, { what: 'work', concurrency, count });
  const fastest = sends.at(-1) ?? 'one-by-one';

  const sent: Figure[] = [];
  for (const how of sends) {
    await clear(url);
    sent.push(rate(`publish ${how}`, tasks, await send(how)));
  }

  await clear(url);
  await send(fastest, true, manyTasks);
  const stored = await (await work(true, manyTasks)).measured;

  await clear(url);
  await send(fastest, false);
  const ignored = await (await work(false)).measured;

  await clear(url);
  const worker = await work(true);
  await send(sends.includes('in-flight') ? 'in-flight' : fastest);
  const together = await worker.measured;

  await clear(url);
  const tripWorker = await work(true, Number.MAX_SAFE_INTEGER);
  const { tripsMs } = await send('round-trips', true, trips);
  await tripWorker.stop();

  return [
    ...sent,
    rate('drain, results stored', manyTasks, stored),
    rate('drain, results ignored', tasks, ignored),
    rate('producer and worker together', tasks, together),
    { name: 'round trip p50', value: percentile(tripsMs, 50), unit: 'ms' },
    { name: 'round trip p99', value: percentile(tripsMs, 99), unit: 'ms' },
    { name: 'CPU of the worker per 10,000 tasks', value: (stored.cpuSeconds / manyTasks) * 10_000, unit: 's' },
    { name: 'RSS of the worker after 50,000 tasks', value: stored.residentMiB, unit: 'MiB' },
  ];
}

function rate(name: string, count: number, { seconds }: Measured): Figure {
  return { name, value: count / seconds, unit: 'tasks/s' };
}
