import { Ctq } from '@ctq/core';
import { memoryBackend } from '@ctq/core/backend';
import { memoryTransport } from '@ctq/messaging';
import { Deadline } from '@ctq/runtime';
import { Worker } from '@ctq/worker';
import { type Figure, percentile } from './measure.js';

/** Everything in one process and one event loop: what the code itself costs. */
export async function memory(tasks = 100_000): Promise<readonly Figure[]> {
  await using app = new Ctq('bench', { broker: memoryTransport(), backend: memoryBackend() });
  const add = app.task('add', (x: number, y: number) => x + y);
  const worker = new Worker(app, { concurrency: 100 });
  await worker.start(AbortSignal.timeout(10_000));
  try {
    await runAll(add, 10_000);
    const startedAt = performance.now();
    await runAll(add, tasks);
    const seconds = (performance.now() - startedAt) / 1_000;
    const trips: number[] = [];
    for (let n = 0; n < 2_000; n += 1) {
      const sentAt = performance.now();
      await (await add.delay(n, 1)).get();
      trips.push(performance.now() - sentAt);
    }
    return [
      {
        name: 'in memory, publish + run + store + read',
        value: tasks / seconds,
        unit: 'tasks/s',
        expected: { atLeast: 100_000 },
      },
      { name: 'in memory, round trip p50', value: percentile(trips, 50), unit: 'ms' },
      { name: 'in memory, round trip p99', value: percentile(trips, 99), unit: 'ms' },
    ];
  } finally {
    await worker.stop(Deadline.after(5_000));
  }
}

interface Addition {
  delay(x: number, y: number): Promise<{ get(): Promise<number> }>;
}

/** In waves, as a client with a bounded number of calls under way does. */
async function runAll(add: Addition, tasks: number): Promise<void> {
  const wave = 1_000;
  for (let from = 0; from < tasks; from += wave) {
    const results = await Promise.all(Array.from({ length: wave }, (_, n) => add.delay(from + n, 1)));
    await Promise.all(results.map((result) => result.get()));
  }
}
