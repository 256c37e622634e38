import { startServices } from '@ctq/test-services';
import { Redis } from 'ioredis';
import { type Figure, percentile } from '../measure.js';
import { ContestantProcess } from './contestant-process.js';
import type { Measured } from './role.js';

const contenders = ['ctq', 'bullmq', 'bee-queue'] as const;
const concurrency = 100;
const tasks = 20_000;
/** After which memory is looked at. */
const manyTasks = 50_000;

/** What ctq is expected to reach on two cores. */
const expectations: Readonly<Record<string, Figure['expected']>> = {
  'publish one by one': { atLeast: 10_000 },
  'publish, 64 in flight': { atLeast: 40_000 },
  'publish in bulk': { atLeast: 70_000 },
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
  for (const name of contenders) {
    for (const figure of await figuresOf(name, services.redis.url)) {
      const expected = name === 'ctq' ? expectations[figure.name] : undefined;
      figures.push({ ...figure, name: `${name}: ${figure.name}`, ...(expected === undefined ? {} : { expected }) });
    }
  }
  return figures;
}

async function figuresOf(name: string, url: string): Promise<readonly Figure[]> {
  const rate = (figure: string, { seconds }: Measured, count = tasks): Figure => ({
    name: figure,
    value: count / seconds,
    unit: 'tasks/s',
  });
  const send = async (how: 'one-by-one' | 'in-flight' | 'bulk', stores = true, count = tasks): Promise<Measured> =>
    (await ContestantProcess.start(name, { url, stores })).do({ what: 'send', how, count });
  const work = async (stores: boolean, count = tasks) =>
    (await ContestantProcess.start(name, { url, stores })).work({ what: 'work', concurrency, count });

  await clear(url);
  const oneByOne = await send('one-by-one');
  await clear(url);
  const inFlight = await send('in-flight');
  await clear(url);
  const bulk = await send('bulk');
  const stored = await (await work(true)).measured;
  await clear(url);
  await send('bulk', false);
  const ignored = await (await work(false)).measured;

  await clear(url);
  const worker = await work(true);
  await send('in-flight');
  const together = await worker.measured;

  await clear(url);
  const trips = 2_000;
  const tripWorker = await work(true, trips);
  const traveller = await ContestantProcess.start(name, { url, stores: true });
  const { tripsMs } = await traveller.do({ what: 'round-trips', count: trips });
  await tripWorker.measured;

  await clear(url);
  await send('bulk', true, manyTasks);
  const many = await (await work(true, manyTasks)).measured;

  return [
    rate('publish one by one', oneByOne),
    rate('publish, 64 in flight', inFlight),
    rate('publish in bulk', bulk),
    rate('drain, results stored', stored),
    rate('drain, results ignored', ignored),
    rate('producer and worker together', together),
    { name: 'round trip p50', value: percentile(tripsMs, 50), unit: 'ms' },
    { name: 'round trip p99', value: percentile(tripsMs, 99), unit: 'ms' },
    { name: 'CPU of the worker per 10,000 tasks', value: (many.cpuSeconds / manyTasks) * 10_000, unit: 's' },
    { name: 'RSS of the worker after 50,000 tasks', value: many.residentMiB, unit: 'MiB' },
  ];
}

async function clear(url: string): Promise<void> {
  const client = new Redis(url);
  try {
    await client.flushdb();
  } finally {
    client.disconnect();
  }
}
