import { type JobsOptions, Queue, QueueEvents } from 'bullmq';
import { connectionTo } from '../bullmq-connection.js';
import type { Work } from './work.js';
import { resultLimitMs, type WorkQueue } from './work-queue.js';

export const bullmqQueue = 'bench-worker';

const stored: readonly (keyof Work)[] = ['add', 'stamp'];
const wave = 1_000;

export async function openBullmqQueue(url: string): Promise<WorkQueue> {
  const connection = connectionTo(url);
  const queue = new Queue(bullmqQueue, { connection });
  const events = new QueueEvents(bullmqQueue, { connection });
  await Promise.all([queue.waitUntilReady(), events.waitUntilReady()]);
  const optionsOf = (name: keyof Work): JobsOptions => ({ removeOnComplete: !stored.includes(name) });
  return {
    async call(name, args) {
      const job = await queue.add(name, args, optionsOf(name));
      return { result: async () => (await job.waitUntilFinished(events, resultLimitMs)) as number };
    },
    async park(name, calls) {
      await queue.pause();
      const opts = optionsOf(name);
      for (let from = 0; from < calls.length; from += wave)
        await queue.addBulk(calls.slice(from, from + wave).map((data) => ({ name, data, opts })));
    },
    release: () => queue.resume(),
    left: () => queue.getJobCountByTypes('wait', 'active'),
    async [Symbol.asyncDispose]() {
      await Promise.all([events.close(), queue.close()]);
    },
  };
}
