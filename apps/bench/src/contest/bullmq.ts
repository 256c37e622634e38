import { Queue, QueueEvents, Worker } from 'bullmq';
import { connectionTo } from '../bullmq-connection.js';
import type { Contender } from './contender.js';

const name = 'bench-bullmq';

export const bullmq: Contender = {
  async openProducer(site) {
    const connection = connectionTo(site.url);
    const queue = new Queue(name, { connection, defaultJobOptions: { removeOnComplete: !site.stores } });
    await queue.waitUntilReady();
    let events: QueueEvents | undefined;
    return {
      send: (n) => queue.add('add', { x: n, y: 1 }),
      sendAll: (first, count) =>
        queue.addBulk(Array.from({ length: count }, (_, n) => ({ name: 'add', data: { x: first + n, y: 1 } }))),
      async roundTrip(n) {
        events ??= new QueueEvents(name, { connection });
        await events.waitUntilReady();
        const job = await queue.add('add', { x: n, y: 1 });
        return (await job.waitUntilFinished(events)) as unknown;
      },
      async [Symbol.asyncDispose]() {
        await events?.close();
        await queue.close();
      },
    };
  },
  async openWorker(site, { concurrency }, onTask) {
    const worker = new Worker<{ x: number; y: number }>(
      name,
      async ({ data }) => {
        onTask();
        return data.x + data.y;
      },
      { connection: connectionTo(site.url), concurrency },
    );
    await worker.waitUntilReady();
    return { [Symbol.asyncDispose]: () => worker.close() };
  },
};
