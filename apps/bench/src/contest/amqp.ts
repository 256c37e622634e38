import { startServices } from '@ctq/test-services';
import { connect } from 'amqplib';
import { type Figure, percentile } from '../measure.js';
import { clear } from '../site.js';
import { celery } from './celery.js';
import type { Contestant, Measured, SendOrder, WorkOrder } from './contestant.js';
import { nodeContestant } from './node-contestant.js';

const concurrency = 100;
const tasks = 20_000;
/** Celery's take so long that fewer have to do. */
const celeryTasks = 6_000;
const trips = 2_000;
const queues = ['celery', 'bench-amqplib'];
const prefetches = [1, 100, 1_000];

interface Entry {
  readonly contestant: Contestant;
  readonly tasks: number;
  /** Where it can keep results: scheme and name. */
  readonly stores: readonly ('Redis' | 'rpc')[];
  readonly prefetches: readonly number[];
}

const entries: Readonly<Record<string, Entry>> = {
  ctq: { contestant: nodeContestant('ctq'), tasks, stores: ['Redis', 'rpc'], prefetches },
  'bare amqplib': { contestant: nodeContestant('amqplib'), tasks, stores: [], prefetches },
  celery: { contestant: celery, tasks: celeryTasks, stores: ['Redis'], prefetches: [] },
};

/** What ctq is expected to reach on two cores. */
const expectations: Readonly<Record<string, Figure['expected']>> = {
  'drain, results in Redis': { atLeast: 14_000 },
  'drain, results by rpc': { atLeast: 14_000 },
  'drain, results ignored': { atLeast: 17_000 },
};

/** ctq beside Celery and the bare loop of amqplib on one RabbitMQ, each in processes of its own; every publish is confirmed, but Celery's. */
export async function amqp(): Promise<readonly Figure[]> {
  await using services = await startServices({ amqp: true, redis: true });
  const { amqp: rabbit, redis } = services;
  if (rabbit === undefined || redis === undefined) throw new Error('There is no RabbitMQ, or no Redis, here.');
  const figures: Figure[] = [];
  for (const [name, entry] of Object.entries(entries)) {
    for (const figure of await figuresOf(entry, rabbit.url, redis.url)) {
      const expected = name === 'ctq' ? expectations[figure.name] : undefined;
      const beside = Object.keys(entries).filter((other) => other !== name && name === 'ctq');
      figures.push({
        ...figure,
        name: `${name}: ${figure.name}`,
        beside: Object.fromEntries(beside.map((other) => [other, `${other}: ${figure.name}`])),
        ...(expected === undefined ? {} : { expected }),
      });
    }
  }
  return figures;
}

async function figuresOf(entry: Entry, url: string, redis: string): Promise<readonly Figure[]> {
  const { contestant, tasks: count } = entry;
  const { sends } = contestant;
  const fastest = sends.at(-1) ?? 'one-by-one';
  const resultsOf = (kept: string): string => (kept === 'rpc' ? 'rpc://' : redis);
  const send = (what: SendOrder['what'], many: number, kept = 'Redis', stores = false): Promise<Measured> =>
    contestant.send({ url, stores, results: resultsOf(kept) }, { what, count: many });
  const drain = async (order: Partial<WorkOrder>, kept?: string): Promise<Measured> => {
    await empty(url, redis);
    await send(fastest, count, kept, kept !== undefined);
    const site = { url, stores: kept !== undefined, results: resultsOf(kept ?? 'Redis') };
    return await (await contestant.work(site, { what: 'work', concurrency, count, ...order })).measured;
  };

  const figures: Figure[] = [];
  for (const how of sends) {
    await empty(url, redis);
    figures.push(rate(`publish ${how}`, count, await send(how, count)));
  }
  for (const kept of entry.stores)
    figures.push(rate(`drain, results ${kept === 'rpc' ? 'by' : 'in'} ${kept}`, count, await drain({}, kept)));
  figures.push(rate('drain, results ignored', count, await drain({})));
  for (const prefetch of entry.prefetches)
    figures.push(rate(`drain, results ignored, prefetch ${prefetch}`, count, await drain({ prefetch })));

  await empty(url, redis);
  const kept = entry.stores.at(0) ?? 'Redis';
  const site = { url, stores: true, results: resultsOf(kept) };
  const worker = await contestant.work(site, { what: 'work', concurrency, count: Number.MAX_SAFE_INTEGER });
  const { tripsMs } = await send('round-trips', trips, kept, true);
  await worker.stop();
  return [
    ...figures,
    { name: 'round trip p50', value: percentile(tripsMs, 50), unit: 'ms' },
    { name: 'round trip p99', value: percentile(tripsMs, 99), unit: 'ms' },
  ];
}

async function empty(url: string, redis: string): Promise<void> {
  await clear(redis);
  const connection = await connect(url);
  const channel = await connection.createChannel();
  for (const queue of queues) await channel.deleteQueue(queue);
  await connection.close();
}

function rate(name: string, count: number, { seconds }: Measured): Figure {
  return { name, value: count / seconds, unit: 'tasks/s' };
}
