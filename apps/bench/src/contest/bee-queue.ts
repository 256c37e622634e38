import BeeQueue from 'bee-queue';
import type { Site } from '../site.js';
import type { Contender } from './contender.js';

interface Sum {
  readonly x: number;
  readonly y: number;
}

function queueAt({ url, stores }: Site, isWorker: boolean): BeeQueue<Sum> {
  const { hostname, port, pathname } = new URL(url);
  return new BeeQueue<Sum>('bench-bee', {
    redis: { host: hostname, port: Number(port), db: Number(pathname.slice(1)) },
    isWorker,
    getEvents: !isWorker,
    sendEvents: isWorker && stores,
    removeOnSuccess: !stores,
    storeJobs: !isWorker,
    activateDelayedJobs: false,
  });
}

export const beeQueue: Contender = {
  async openProducer(site) {
    const queue = queueAt(site, false);
    await queue.ready();
    const waiting = new Map<string, () => void>();
    const ended = new Set<string>();
    queue.on('job succeeded', (id) => {
      const resolve = waiting.get(id);
      waiting.delete(id);
      if (resolve === undefined) ended.add(id);
      else resolve();
    });
    return {
      send: (n) => queue.createJob({ x: n, y: 1 }).save(),
      sendAll: (first, count) =>
        queue.saveAll(Array.from({ length: count }, (_, n) => queue.createJob({ x: first + n, y: 1 }))),
      async roundTrip(n) {
        const { id } = await queue.createJob({ x: n, y: 1 }).save();
        // It may have been told already: the events have a connection of their own.
        if (ended.delete(id)) return;
        await new Promise<void>((resolve) => waiting.set(id, resolve));
      },
      [Symbol.asyncDispose]: () => queue.close(),
    };
  },
  async openWorker(site, { concurrency }, onTask) {
    const queue = queueAt(site, true);
    await queue.ready();
    queue.process(concurrency, async ({ data }) => {
      onTask();
      return data.x + data.y;
    });
    return { [Symbol.asyncDispose]: () => queue.close() };
  },
};
