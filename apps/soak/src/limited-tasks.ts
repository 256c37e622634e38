import { Ctq, type LimitOptions } from '@ctq/core';
import { Worker } from '@ctq/worker';

/** Where workers of limited tasks meet. */
export interface LimitedPlace {
  readonly broker: string;
  readonly backend: string;
}

/** What a call saw when it began. */
export interface LimitedRun {
  readonly pid: number;
  /** How many ran with its key then, as the store has counted. */
  readonly running: number;
  /** In milliseconds since the epoch. */
  readonly at: number;
}

export const rate = { perSecond: 20, burst: 2 };
export const atATime = 3;

export function limitedApp({ broker, backend }: LimitedPlace) {
  const app = new Ctq('limited', { broker, backend });
  const counted = async (key: string, work: () => Promise<void>): Promise<LimitedRun> => {
    const store = await app.store();
    if (store.increment === undefined) throw new TypeError(`${store.name} does not count.`);
    const running = await store.increment(`limited.${key}`, 1);
    const at = Date.now();
    await work();
    await store.increment(`limited.${key}`, -1);
    return { pid: process.pid, running, at };
  };
  const briefly = (): Promise<void> => new Promise((resolve) => void setTimeout(resolve, 5));
  const byKey: LimitOptions<[key: string]> = { concurrency: atATime, key: (key) => key };
  return {
    app,
    few: app.task('limited.few', { limit: byKey }, (key: string) => counted(key, briefly)),
    seldom: app.task('limited.seldom', { limit: { rate: rate.perSecond, burst: rate.burst } }, (key: string) =>
      counted(key, briefly),
    ),
    /** With the key `forever` it never ends. Acknowledged early: one whose worker is killed does not come back to take the permit again. */
    one: app.task('limited.one', { limit: { concurrency: 1 }, bind: true, acksLate: false }, (ctx, key: string) =>
      counted(key, async () => {
        process.send?.(ctx.request.id);
        if (key === 'forever') await new Promise<never>(() => undefined);
      }),
    ),
  };
}

/** As a process of its own: `node limited-tasks.js <broker> <backend> <queue>`. */
async function main(broker: string, backend: string, queue: string): Promise<void> {
  const { app } = limitedApp({ broker, backend });
  const worker = new Worker(app, { concurrency: 10, limitLease: '3s', queues: ['celery', queue] });
  await worker.start();
  process.send?.('ready');
  await new Promise<void>((resolve) => process.once('disconnect', resolve));
  await worker.stop();
  await app.close();
}

const [, script, broker, backend, queue] = process.argv;
if (script?.endsWith('limited-tasks.js') && broker !== undefined && backend !== undefined && queue !== undefined)
  await main(broker, backend, queue);
