import { redisBackend } from '@ctq/backend-redis';
import { Ctq } from '@ctq/core';
import { createLogger, Deadline, deferred } from '@ctq/runtime';
import { describeWith } from '@ctq/test-services/vitest';
import { redis } from '@ctq/transport-redis';
import { Worker } from '@ctq/worker';
import { beforeAll, expect, test } from 'vitest';
import { PythonWorker, pythonWithCelery, restoreByKombu } from './python.js';

const soon = { timeout: '40s' } as const;

describeWith('redis', 'What one language holds when it ends', (url) => {
  const { host } = new URL(url);
  const site = { broker: `redis://${host}/12`, backend: `redis://${host}/13` };
  let python: string;

  beforeAll(async () => {
    const interpreter = await pythonWithCelery();
    if (interpreter === undefined) throw new Error('There is no python3 with venv: install python3-venv.');
    python = interpreter;
  }, 180_000);

  /** An app of its own for each worker, which says when a line of its log matches. */
  function setup() {
    const waiting: { readonly pattern: RegExp; readonly seen: () => void }[] = [];
    const logger = createLogger(({ message }) => {
      for (const { pattern, seen } of waiting) if (pattern.test(message)) seen();
    });
    const app = new Ctq('recovery', {
      broker: redis({ url: site.broker, leaseDuration: '3s', visibilityTimeout: 5 }),
      backend: redisBackend({ url: site.backend }),
      logger,
    });
    const line = (pattern: RegExp): Promise<void> => new Promise((seen) => void waiting.push({ pattern, seen }));
    return { app, line };
  }

  test('is executed in TypeScript when a Python worker was killed in the middle of it', async () => {
    const { app } = setup();
    await using _ = app;
    const slow = app.task('shared.slow', () => 'executed in TypeScript');
    const victim = await PythonWorker.start(python, site, ['orphaned']);
    const result = await slow.applyAsync([], { queue: 'orphaned' });
    while ((await result.state()) !== 'STARTED') await new Promise((resolve) => setTimeout(resolve, 50));
    await victim.kill();
    await using worker = new Worker(app, { queues: ['orphaned'] });
    await worker.start();
    expect(await result.get(soon)).toBe('executed in TypeScript');
  }, 60_000);

  test('is left alone by Kombu while a ctq worker works on it, whatever its visibility timeout', async () => {
    const { app } = setup();
    await using _ = app;
    const begun = deferred();
    const end = deferred<string>();
    let executions = 0;
    const hold = app.task('typescript.hold', () => {
      executions += 1;
      begun.resolve();
      return end.promise;
    });
    await using worker = new Worker(app, { queues: ['held'] });
    await worker.start();
    const result = await hold.applyAsync([], { queue: 'held' });
    await begun.promise;
    await restoreByKombu(python, site);
    end.resolve('once');
    expect(await result.get(soon)).toBe('once');
    await worker.stop(Deadline.after(5_000));
    expect(executions).toBe(1);
  }, 60_000);

  test('and parked until it is due is executed by Python when no ctq worker is left', async () => {
    const { app, line } = setup();
    await using _ = app;
    const mark = app.task('shared.mark', (number: number): [string, number] => ['typescript', number]);
    const worker = new Worker(app, { queues: ['eta'] });
    await worker.start();
    const received = line(/shared\.mark.* received {2}ETA/);
    const result = await mark.applyAsync([7], { queue: 'eta', countdown: '3s' });
    await received;
    await worker.stop(Deadline.after(5_000));
    // Before its time Kombu does not touch it; the Python worker that starts now has nothing to take.
    await restoreByKombu(python, site);
    await using _there = await PythonWorker.start(python, site, ['eta']);
    const outcome = result.get(soon);
    let isOver = false;
    const over = outcome.finally(() => (isOver = true));
    while (!isOver) await restoreByKombu(python, site);
    expect(await over).toEqual(['python', 7]);
  }, 90_000);
});
