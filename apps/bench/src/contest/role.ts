import { once } from 'node:events';
import type { Site } from '../site.js';
import type { Contender } from './contender.js';
import type { Measured, Order, SendOrder, WorkOrder } from './contestant.js';

/** Each in a process without the others, whose code would count as memory. */
const contenders: Readonly<Record<string, () => Promise<Contender>>> = {
  ctq: async () => (await import('./ctq.js')).ctq,
  bullmq: async () => (await import('./bullmq.js')).bullmq,
  amqplib: async () => (await import('./amqplib.js')).amqplib,
  'bee-queue': async () => (await import('./bee-queue.js')).beeQueue,
};

const inFlight = 64;
const bulk = 1_000;

const [name = '', url = '', stores = '', results = url] = process.argv.slice(2);
const contender = await contenders[name]?.();
if (contender === undefined) throw new Error(`No contender is called '${name}'.`);
const site: Site = { url, stores: stores === 'stores', results };

process.send?.('ready');
const [order] = (await once(process, 'message')) as [Order];
const measured = order.what === 'work' ? await work(contender, order) : await produce(contender, order);
// When it is sent: thousands of trips do not fit into the pipe at once.
process.send?.(measured, () => process.disconnect());

async function produce(by: Contender, order: SendOrder): Promise<Measured> {
  await using producer = await by.openProducer(site);
  // Connects, and compiles what there is to compile.
  await producer.send(0);
  const tripsMs: number[] = [];
  const watch = stopwatch();
  if (order.what === 'round-trips') {
    for (let n = 0; n < order.count; n += 1) {
      const startedAt = performance.now();
      await producer.roundTrip(n);
      tripsMs.push(performance.now() - startedAt);
    }
  } else if (order.what === 'bulk') {
    for (let first = 0; first < order.count; first += bulk) await producer.sendAll(first, bulk);
  } else {
    let next = 0;
    const sendAll = async (): Promise<void> => {
      for (let n = next++; n < order.count; n = next++) await producer.send(n);
    };
    await Promise.all(Array.from({ length: order.what === 'in-flight' ? inFlight : 1 }, sendAll));
  }
  return { ...watch(), tripsMs };
}

/** From the first task to the last, so that starting up does not count. */
async function work(by: Contender, order: WorkOrder): Promise<Measured> {
  let done = 0;
  let watch: (() => Omit<Measured, 'tripsMs'>) | undefined;
  let finish: (measured: Omit<Measured, 'tripsMs'>) => void = () => undefined;
  const finished = new Promise<Omit<Measured, 'tripsMs'>>((resolve) => {
    finish = resolve;
  });
  await using _worker = await by.openWorker(site, order, () => {
    watch ??= stopwatch();
    done += 1;
    if (done === order.count) finish(watch());
  });
  process.send?.('working');
  return { ...(await finished), tripsMs: [] };
}

function stopwatch(): () => Omit<Measured, 'tripsMs'> {
  const startedAt = performance.now();
  const before = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(before);
    return {
      seconds: (performance.now() - startedAt) / 1_000,
      cpuSeconds: (user + system) / 1_000_000,
      residentMiB: process.memoryUsage.rss() / 1_048_576,
    };
  };
}
