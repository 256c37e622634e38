import { startRedisServer } from '@ctq/test-services';
import { deferred } from '@ctq/runtime';
import { forgetPeak, peakMiB, processTree } from '../process-tree.js';
import { ClientProcess, OrderError } from './client-process.js';
import type { Contender } from './contender.js';
import type { Answered, Order } from './order.js';
import { RedisMeter } from './redis-meter.js';
import { nameOf, outcomeOf, type Shape } from './shape.js';

/** One workflow of one contender. */
export interface Measured {
  /** From the call that sends it until its result is on the client. */
  readonly seconds: number;
  /** How many tasks the worker ran for it. */
  readonly tasks: number;
  readonly toRedisBytes: number;
  readonly fromRedisBytes: number;
  readonly worker: Memory;
  readonly client: Memory;
  readonly redis: Memory;
}

/** In MiB: just before, and the most from then on. */
export interface Memory {
  readonly before: number;
  readonly peak: number;
}

/**
 * Runs workflows one after the other on a Redis, a worker and a client that are there for nothing else. What is measured of those in `warmUps` is dropped.
 *
 * @throws OrderError where there is no result, an error in place of it, or another one than there should be, or not in `limitSeconds`.
 */
export async function measureWorkflows(
  contender: Contender,
  shapes: readonly Shape[],
  limitSeconds: number,
  warmUps: readonly Shape[] = [],
): Promise<readonly Measured[]> {
  await using redis = await startRedisServer();
  await using worker = await contender.startWorker(redis.url);
  await using client = new ClientProcess(await contender.client(redis.url));
  await using meter = new RedisMeter(redis.url);

  const done = (order: Order): Promise<Answered> =>
    worker.unlessEnded(client.do(order)).catch((error: unknown) => {
      throw error instanceof OrderError ? error : new OrderError(String(error), { cause: error });
    });
  const run = async (shape: Shape): Promise<number> => {
    const { seconds, value } = await within(limitSeconds, done({ what: 'run', ...shape }), nameOf(shape));
    if (value !== outcomeOf(shape))
      throw new OrderError(`${nameOf(shape)} came to ${value}, not to ${outcomeOf(shape)}`);
    return seconds;
  };
  const ran = async (): Promise<number> => {
    const { value } = await within(limitSeconds, done({ what: 'ran' }), 'the question how many tasks ran');
    return value;
  };
  const measure = async (shape: Shape): Promise<Measured> => {
    for (const { pid } of [worker, client]) forgetPeak(pid);
    const resident = { worker: processTree(worker.pid).residentMiB, client: processTree(client.pid).residentMiB };
    const before = await meter.read();
    const seconds = await run(shape);
    // Before Redis is looked at: what the worker had yet to settle is settled by then.
    const tasks = await ran();
    const after = await meter.read();
    return {
      seconds,
      tasks,
      toRedisBytes: after.toRedis - before.toRedis,
      fromRedisBytes: after.fromRedis - before.fromRedis,
      worker: { before: resident.worker, peak: peakMiB(worker.pid) },
      client: { before: resident.client, peak: peakMiB(client.pid) },
      redis: { before: before.usedMiB, peak: after.peakMiB },
    };
  };

  for (const shape of warmUps) await run(shape);
  await ran();
  const measured: Measured[] = [];
  for (const shape of shapes) measured.push(await measure(shape));
  return measured;
}

async function within<T>(seconds: number, awaited: Promise<T>, what: string): Promise<T> {
  const patience = deferred<never>();
  const timer = setTimeout(
    () => patience.reject(new OrderError(`${what} not finished in ${seconds} s`)),
    seconds * 1_000,
  );
  try {
    return await Promise.race([awaited, patience.promise]);
  } finally {
    clearTimeout(timer);
  }
}
