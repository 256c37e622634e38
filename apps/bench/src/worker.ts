import { Ctq } from '@ctq/core';
import { Deadline } from '@ctq/runtime';
import { startServices } from '@ctq/test-services';
import { Worker, type WorkerOptions } from '@ctq/worker';
import { Redis } from 'ioredis';
import type { Figure } from './measure.js';
import type * as Tasks from './worker-tasks.js';

const module = new URL('./worker-tasks.js', import.meta.url).href;
const lookMs = 5;

interface Pool {
  readonly name: string;
  readonly options: WorkerOptions;
  readonly expected?: number;
}

const pools: readonly Pool[] = [
  { name: 'async, 100', options: { pool: 'async', concurrency: 100 } },
  { name: 'threads, 2', options: { pool: 'threads', concurrency: 2 }, expected: 8_000 },
  { name: 'processes, 2', options: { pool: 'processes', concurrency: 2 }, expected: 5_000 },
];

/** What pools cost: the same tasks on one Redis, put on the queue before and then worked off. */
export async function worker(): Promise<readonly Figure[]> {
  await using services = await startServices({ redis: true });
  if (services.redis === undefined) throw new Error('There is no Redis here and none could be installed.');
  const { url } = services.redis;
  const figures: Figure[] = [];
  for (const { name, options, expected } of pools) {
    const drain = (task: keyof typeof Tasks, count: number, args: readonly unknown[]): Promise<number> =>
      drainSeconds(url, options, task, count, args);
    const atLeast = expected === undefined ? {} : { expected: { atLeast: expected } };
    figures.push(
      {
        name: `${name}: no-op, stored`,
        value: 10_000 / (await drain('add', 10_000, [1, 2])),
        unit: 'tasks/s',
        ...atLeast,
      },
      { name: `${name}: no-op, ignored`, value: 10_000 / (await drain('forgotten', 10_000, [1, 2])), unit: 'tasks/s' },
      { name: `${name}: 200 tasks of 20 ms on the processor`, value: await drain('spin', 200, [20]), unit: 's' },
    );
  }
  for (const concurrency of [100, 1_000]) {
    const count = concurrency * 50;
    const seconds = await drainSeconds(url, { pool: 'async', concurrency }, 'wait', count, [20]);
    figures.push({
      name: `async, ${concurrency}: waiting 20 ms`,
      value: count / seconds,
      unit: 'tasks/s',
      ...(concurrency === 100 ? { expected: { atLeast: 4_750 } } : {}),
    });
  }
  for (const pool of ['threads', 'processes'])
    figures.push({
      name: `${pool}: from a hard limit until the slot works again`,
      value: await recoveryMs(url, pool),
      unit: 'ms',
    });
  return figures;
}

/** From the first message that is taken to the last that is settled. */
async function drainSeconds(
  url: string,
  options: WorkerOptions,
  task: keyof typeof Tasks,
  count: number,
  args: readonly unknown[],
): Promise<number> {
  return await withWorker(url, options, async (app, started, redis) => {
    await Promise.all(Array.from({ length: count }, () => app.sendTask(task, args)));
    await started();
    const left = async (): Promise<number> => (await redis.llen('celery')) + (await redis.hlen('unacked'));
    while ((await left()) === count) await look();
    const startedAt = performance.now();
    while ((await left()) > 0) await look();
    return (performance.now() - startedAt) / 1_000;
  });
}

async function recoveryMs(url: string, pool: string): Promise<number> {
  return await withWorker(url, { pool, concurrency: 1 }, async (app, started) => {
    await started();
    await (await app.sendTask('endless')).get({ propagate: false });
    const endedAt = performance.now();
    await (await app.sendTask('add', [1, 2])).get();
    return performance.now() - endedAt;
  });
}

async function withWorker<T>(
  url: string,
  options: WorkerOptions,
  measure: (app: Ctq, started: () => Promise<void>, redis: Redis) => Promise<T>,
): Promise<T> {
  const redis = new Redis(url);
  await redis.flushdb();
  const { app } = (await import(`${module}?${crypto.randomUUID()}`)) as typeof Tasks;
  app.override({ broker: url, backend: url });
  const client = new Ctq('client', { broker: url, backend: url });
  const running = new Worker(app, { module, ...options });
  try {
    return await measure(client, () => running.start(AbortSignal.timeout(30_000)), redis);
  } finally {
    await running.stop(Deadline.after(10_000));
    await Promise.all([app.close(), client.close()]);
    redis.disconnect();
  }
}

function look(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, lookMs));
}
