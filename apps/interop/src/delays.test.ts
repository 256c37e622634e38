import { redisBackend } from '@ctq/backend-redis';
import { Ctq, type TaskContext } from '@ctq/core';
import { createLogger, Deadline } from '@ctq/runtime';
import { Worker } from '@ctq/worker';
import { Redis } from 'ioredis';
import { beforeAll, test, type TestContext } from 'vitest';
import { CtqPeer } from './ctq-peer.js';
import { describeOverRabbitMq, transportOf } from './places.js';
import { CeleryClient } from './python/celery-client.js';
import { CeleryWorker } from './python/celery-worker.js';
import { makingPythonMs, pythonWithCelery } from './python/environment.js';

const soon = { timeout: '40s' } as const;

/** The broker counts whole seconds: it has the message for two or three of them, and the worker for the rest. */
const seconds = 3.9;

describeOverRabbitMq('Tasks that are not due', { redis: 'interopDelays', amqp: 'interopDelays' }, (place) => {
  let python: string;

  beforeAll(async () => {
    python = await pythonWithCelery();
  }, makingPythonMs);

  /** Programs of both languages whose default queue is of the test's own: a quorum queue on a topic exchange, which Celery needs to delay in the broker. */
  function setup({ onTestFinished }: TestContext, name: string = crypto.randomUUID()) {
    const settings = {
      task_default_queue: name,
      task_default_queue_type: 'quorum',
      task_default_exchange: name,
      task_default_exchange_type: 'topic',
      task_default_routing_key: name,
    } as const;
    const waiting: { readonly pattern: RegExp; readonly seen: () => void }[] = [];
    const logger = createLogger(({ message }) => {
      for (const { pattern, seen } of waiting) if (pattern.test(message)) seen();
    });
    const app = new Ctq('delays', {
      broker: transportOf(place),
      backend: redisBackend({ url: place.backend }),
      logger,
      ...settings,
    });
    const journal = new Redis(place.backend);
    const site = { ...place, settings: { ...settings, task_queues: null } };
    const client = new CeleryClient(python, site);
    onTestFinished(async () => {
      await client[Symbol.asyncDispose]();
      await app.close();
      await using peer = new CtqPeer(place);
      await peer.deleteQueues([name]);
      journal.disconnect();
    });
    const waited = app.task(
      'shared.waited',
      { bind: true, maxRetries: 1 },
      async (ctx, number: string, again: number = 0) => {
        await journal.incr(`executed:${number}`);
        if (ctx.request.retries < again) ctx.retry({ countdown: 1.5 });
        return ['typescript', wasDelayed(ctx, name)];
      },
    );
    const mark = app.task('shared.mark', (number: number): [string, number] => ['typescript', number]);
    const executions = async (number: string): Promise<number> => Number(await journal.get(`executed:${number}`));
    const line = (pattern: RegExp): Promise<void> => new Promise((seen) => void waiting.push({ pattern, seen }));
    return { name, app, waited, mark, executions, client, line, site };
  }

  test.concurrent('are delayed by a Python client in the broker, and executed once by a ctq worker on the same quorum queue [TR-270, TR-271, TR-272, TR-275, MS-226] {python → ctq: native delay}', async (context) => {
    const { expect } = context;
    const { name, app, executions, client } = setup(context);
    const worker = new Worker(app, { queues: [name] });
    await worker.start();
    const number = crypto.randomUUID();
    const id = await client.send(['task', 'shared.waited', [number], { countdown: seconds }]);
    const result = app.asyncResult(id);
    expect(await result.get(soon)).toEqual(['typescript', true]);
    // A second copy would be before the next task.
    expect(await client.call(['task', 'shared.mark', [1], {}])).toEqual({ value: ['typescript', 1] });
    await worker.stop(Deadline.after(5_000));
    expect(await executions(number)).toBe(1);
  }, 60_000);

  test.concurrent('are delayed by ctq in the broker, and executed once by a Python worker, who is alone with the queue [TR-270, TR-271, TR-272, TR-275, MS-226] {ctq → python: native delay}', async (context) => {
    const { expect } = context;
    const { name, app, waited, executions, site } = setup(context);
    await using _python = await CeleryWorker.start(python, site, [name]);
    const number = crypto.randomUUID();
    const eta = new Date(Date.now() + seconds * 1_000);
    const result = await waited.applyAsync([number], { eta });
    expect(await result.get(soon)).toEqual(['python', true]);
    const { dateDone } = (await result.record()) ?? {};
    expect(Date.parse(dateDone ?? '')).toBeGreaterThanOrEqual(eta.getTime());
    expect(await (await app.sendTask('shared.mark', [1])).get(soon)).toEqual(['python', 1]);
    expect(await executions(number)).toBe(1);
  }, 60_000);

  test.concurrent('are executed once where workers of both languages have the queue, and each its binding [MS-230] {python, ctq → both: native delay}', async (context) => {
    const { expect } = context;
    const { name, app, waited, executions, client, site } = setup(context);
    await using _python = await CeleryWorker.start(python, site, [name]);
    const worker = new Worker(app, { queues: [name] });
    await worker.start();
    const numbers = Array.from({ length: 20 }, () => crypto.randomUUID());
    const results = await Promise.all(
      numbers.map(async (number, index) =>
        index % 2 === 0
          ? app.asyncResult(await client.send(['task', 'shared.waited', [number], { countdown: seconds }]))
          : await waited.applyAsync([number], { countdown: seconds }),
      ),
    );
    for (const result of results) expect(await result.get(soon)).toEqual([expect.any(String), true]);
    // Both finish what they hold: nothing is left, and nothing was done twice.
    await worker.stop(Deadline.after(5_000));
    await _python[Symbol.asyncDispose]();
    await using peer = new CtqPeer(place);
    expect(await peer.deleteQueues([name])).toBe(0);
    expect(await Promise.all(numbers.map(executions))).toEqual(numbers.map(() => 1));
  }, 60_000);

  test.concurrent('and are parked by a ctq worker are executed once by Python, when no ctq worker is left [TR-077] {python, ctq → both: parked tasks}', async (context) => {
    const { expect } = context;
    // By a direct exchange, for which Celery delays nothing: the worker is given the message at once.
    const { name, app, executions, client, line, site } = setup(context);
    const queue = `${name}.direct`;
    const worker = new Worker(app, { queues: [queue] });
    await worker.start();
    const received = line(/shared\.waited.* received {2}ETA/);
    const number = crypto.randomUUID();
    const id = await client.send(['task', 'shared.waited', [number], { queue, countdown: 6 }]);
    await received;
    await worker.stop(Deadline.after(5_000));
    await using _python = await CeleryWorker.start(python, site, [queue]);
    const result = app.asyncResult(id);
    expect(await result.get(soon)).toEqual(['python', true]);
    expect(await executions(number)).toBe(1);
    await using peer = new CtqPeer(place);
    await _python[Symbol.asyncDispose]();
    expect(await peer.deleteQueues([queue])).toBe(0);
  }, 60_000);

  test.concurrent('are retried later by a worker of either language, through the broker {python → ctq: native retry} {ctq → python: native retry}', async (context) => {
    const { expect } = context;
    const numbers = [crypto.randomUUID(), crypto.randomUUID()] as const;
    const there = setup(context);
    {
      await using _python = await CeleryWorker.start(python, there.site, [there.name]);
      const result = await there.waited.applyAsync([numbers[0], 1]);
      expect(await result.get(soon)).toEqual(['python', true]);
      expect(await there.executions(numbers[0])).toBe(2);
    }
    const here = setup(context);
    const worker = new Worker(here.app, { queues: [here.name] });
    await worker.start();
    const answer = await here.client.call(['task', 'shared.waited', [numbers[1], 1], {}]);
    expect(answer).toEqual({ value: ['typescript', true] });
    await worker.stop(Deadline.after(5_000));
    expect(await here.executions(numbers[1])).toBe(2);
  }, 60_000);

  test.concurrent("are given to the queue that they were sent to, and not to one whose name is the end of its: Celery's own binding gives both a copy", async (context) => {
    const { expect } = context;
    const name = crypto.randomUUID();
    const short = setup(context, name);
    const long = setup(context, `foo.${name}`);
    const workers = [short, long].map(({ app, name: queue }) => new Worker(app, { queues: [queue] }));
    for (const worker of workers) await worker.start();
    const number = crypto.randomUUID();
    const result = await long.waited.applyAsync([number], { countdown: seconds });
    expect(await result.get(soon)).toEqual(['typescript', true]);
    // A copy would be before them.
    for (const { mark } of [short, long]) expect(await (await mark.delay(1)).get(soon)).toEqual(['typescript', 1]);
    for (const worker of workers) await worker.stop(Deadline.after(5_000));
    expect(await long.executions(number)).toBe(1);
  }, 60_000);
});

/** What was delayed by the broker comes by none of the exchanges that calls are sent to; what the worker itself kept is as it was sent. */
function wasDelayed({ request }: TaskContext, exchange: string): boolean {
  if (request.deliveryInfo?.exchange === exchange) return false;
  if (request.deliveryInfo?.exchange === '') return true;
  throw new Error(`It came by the exchange ${request.deliveryInfo?.exchange}.`);
}
