import { Ctq } from '@ctq/core';
import { Deadline, silentLogger } from '@ctq/runtime';
import { Worker } from '@ctq/worker';
import type { Site } from '../site.js';
import type { Contender } from './contender.js';

function appAt({ url, stores, results = url }: Site, onTask: () => void = () => undefined) {
  const app = new Ctq('bench', {
    brokerUrl: url,
    resultBackend: results,
    taskIgnoreResult: !stores,
    logger: silentLogger,
  });
  const add = app.task('add', (x: number, y: number) => {
    onTask();
    return x + y;
  });
  return { app, add };
}

export const ctq: Contender = {
  async openProducer(site) {
    const { app, add } = appAt(site);
    return {
      send: (n) => add.delay(n, 1),
      sendAll: (first, count) => Promise.all(Array.from({ length: count }, (_, n) => add.delay(first + n, 1))),
      roundTrip: async (n) => (await add.delay(n, 1)).get(),
      [Symbol.asyncDispose]: () => app.close(),
    };
  },
  async openWorker(site, { concurrency: most, prefetch }, onTask) {
    const concurrency = Math.min(most, prefetch ?? most);
    const { app } = appAt(site, onTask);
    const worker = new Worker(app, {
      concurrency,
      ...(prefetch === undefined ? {} : { prefetchMultiplier: prefetch / concurrency }),
    });
    await worker.start(AbortSignal.timeout(10_000));
    return {
      async [Symbol.asyncDispose]() {
        await worker.stop(Deadline.after(5_000));
        await app.close();
      },
    };
  },
};
