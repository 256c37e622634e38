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
/** Messages of each that are not measured: the first to meet a new server finds it slow. */
const warmUps = 2_000;
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

/**
 * ctq beside Celery and the bare loop of amqplib on one RabbitMQ, each in processes of its own; every publish is confirmed, but Celery's. They take turns at each figure: a server gets
 * faster with what it has done.
 */
export async function amqp(): Promise<readonly Figure[]> {
  await using services = await startServices({ amqp: true, redis: true });
  const { amqp: rabbit, redis } = services;
  if (rabbit === undefined || redis === undefined) throw new Error('There is no RabbitMQ, or no Redis, here.');
  const figures: Figure[] = [];
  for (const entry of Object.values(entries))
    await new Round({ ...entry, tasks: warmUps }, rabbit.url, redis.url).drainIgnored();
  for (const measure of measures) {
    for (const [name, entry] of Object.entries(entries)) {
      for (const figure of await measure(new Round(entry, rabbit.url, redis.url))) {
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
  }
  return figures;
}

/** What is measured, in turn with every contestant; nothing of one that does not do it. */
const measures: readonly ((round: Round) => Promise<readonly Figure[]>)[] = [
  ...(['one-by-one', 'in-flight', 'bulk'] as const).map((how) => (round: Round) => round.publish(how)),
  ...(['Redis', 'rpc'] as const).map((kept) => (round: Round) => round.drainStored(kept)),
  (round) => round.drainIgnored(),
  ...prefetches.map((prefetch) => (round: Round) => round.drainIgnored(prefetch)),
  (round) => round.roundTrips(),
];

/** One contestant on empty queues. */
class Round {
  readonly #entry: Entry;
  readonly #url: string;
  readonly #redis: string;

  constructor(entry: Entry, url: string, redis: string) {
    this.#entry = entry;
    this.#url = url;
    this.#redis = redis;
  }

  async publish(how: SendOrder['what']): Promise<readonly Figure[]> {
    const { contestant, tasks: count } = this.#entry;
    if (!contestant.sends.some((known) => known === how)) return [];
    await empty(this.#url, this.#redis);
    return [rate(`publish ${how}`, count, await this.#send(how, count))];
  }

  async drainStored(kept: 'Redis' | 'rpc'): Promise<readonly Figure[]> {
    if (!this.#entry.stores.includes(kept)) return [];
    return [
      rate(`drain, results ${kept === 'rpc' ? 'by' : 'in'} ${kept}`, this.#entry.tasks, await this.#drain({}, kept)),
    ];
  }

  async drainIgnored(prefetch?: number): Promise<readonly Figure[]> {
    const { prefetches: known, tasks: count } = this.#entry;
    if (prefetch === undefined) return [rate('drain, results ignored', count, await this.#drain({}))];
    if (!known.includes(prefetch)) return [];
    return [rate(`drain, results ignored, prefetch ${prefetch}`, count, await this.#drain({ prefetch }))];
  }

  async roundTrips(): Promise<readonly Figure[]> {
    await empty(this.#url, this.#redis);
    const { contestant, stores } = this.#entry;
    const kept = stores.at(0) ?? 'Redis';
    const site = { url: this.#url, stores: true, results: this.#resultsOf(kept) };
    const worker = await contestant.work(site, { what: 'work', concurrency, count: Number.MAX_SAFE_INTEGER });
    const { tripsMs } = await this.#send('round-trips', trips, kept, true);
    await worker.stop();
    return [
      { name: 'round trip p50', value: percentile(tripsMs, 50), unit: 'ms' },
      { name: 'round trip p99', value: percentile(tripsMs, 99), unit: 'ms' },
    ];
  }

  async #drain(order: Partial<WorkOrder>, kept?: string): Promise<Measured> {
    const { contestant, tasks: count } = this.#entry;
    await empty(this.#url, this.#redis);
    await this.#send(contestant.sends.at(-1) ?? 'one-by-one', count, kept, kept !== undefined);
    const site = { url: this.#url, stores: kept !== undefined, results: this.#resultsOf(kept ?? 'Redis') };
    return await (await contestant.work(site, { what: 'work', concurrency, count, ...order })).measured;
  }

  #send(what: SendOrder['what'], count: number, kept = 'Redis', stores = false): Promise<Measured> {
    const site = { url: this.#url, stores, results: this.#resultsOf(kept) };
    return this.#entry.contestant.send(site, { what, count });
  }

  #resultsOf(kept: string): string {
    return kept === 'rpc' ? 'rpc://' : this.#redis;
  }
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
