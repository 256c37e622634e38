import { fileURLToPath } from 'node:url';
import { redisBackend } from '@ctq/backend-redis';
import { Ctq } from '@ctq/core';
import { startProgram } from '@ctq/docs-check/program';
import { encodeEnvelope } from '@ctq/messaging';
import { createLogger, Deadline, deferred } from '@ctq/runtime';
import { Worker } from '@ctq/worker';
import { Redis } from 'ioredis';
import { beforeAll, type TestContext, test } from 'vitest';
import { deleteQueues } from './ctq-peer.js';
import { eventually } from './mixed-fleet.js';
import { describeOverBrokers, transportOf } from './places.js';
import { CeleryWorker } from './python/celery-worker.js';
import { makingPythonMs, pythonWithCelery } from './python/environment.js';
import { KombuPeer } from './python/kombu-peer.js';

const soon = { timeout: '40s' } as const;
const cli = fileURLToPath(import.meta.resolve('@ctq/cli/bin'));
const tasks = fileURLToPath(new URL('../dist/tasks.js', import.meta.url));

/** Python's sweeps: of what is held for two seconds, three times a second. By default it looks every 100 s. */
const impatient = { visibility_timeout: 2, unacked_restore_interval: 0.3, unacked_restore_throttle: 1 };

const names = { redis: 'interopRecovery', amqp: 'interopRecovery' } as const;

describeOverBrokers('What one language holds when it ends', names, (place) => {
  const { broker, backend } = place;
  let python: string;

  beforeAll(async () => {
    python = await pythonWithCelery();
    const admin = new Redis(backend);
    await admin.flushdb();
    admin.disconnect();
  }, makingPythonMs);

  /** A queue of a test's own; and keys on Redis: `unacked` belongs to all workers of a broker, and what is swept is everybody's. */
  function setup({ onTestFinished }: TestContext, ctqOptions: Readonly<Record<string, unknown>> = {}) {
    const isOnRedis = place.on === 'Redis';
    const prefix = `${crypto.randomUUID()}:`;
    const queue = `orphaned-${prefix.slice(0, -1)}`;
    const waiting: { readonly pattern: RegExp; readonly seen: () => void }[] = [];
    const logger = createLogger(({ message }) => {
      for (const { pattern, seen } of waiting) if (pattern.test(message)) seen();
    });
    const app = new Ctq('recovery', {
      broker: transportOf(place, { leaseDuration: '1s', globalKeyprefix: prefix, ...ctqOptions }),
      backend: redisBackend({ url: backend }),
      logger,
    });
    const journal = new Redis(backend);
    onTestFinished(async () => {
      await app.close();
      if (!isOnRedis) await deleteQueues(place, [queue]);
      journal.disconnect();
    });
    const options = { ...impatient, global_keyprefix: prefix };
    const site = { ...place, settings: isOnRedis ? { broker_transport_options: options } : {} };
    const line = (pattern: RegExp): Promise<void> => new Promise((seen) => void waiting.push({ pattern, seen }));
    const executions = async (id: string): Promise<number> => Number(await journal.get(`executed:${id}`));
    return { prefix, queue, app, journal, site, line, executions };
  }

  test.concurrent('is executed in TypeScript when a Python worker was killed in the middle of it [MS-135, MS-136, MS-138, WK-062] {python, ctq → both: killed workers}', async (context) => {
    const { expect } = context;
    const { prefix, queue, app, site, executions } = setup(context, { visibilityTimeout: '2s' });
    const hold = app.task('shared.hold', { bind: true }, (ctx, _language: string) => [
      'typescript',
      ctx.request.deliveryInfo?.redelivered,
    ]);
    // It does not sweep itself: killed in the middle of that, it would leave Kombu's mutex behind, and everybody would wait for its five minutes.
    const calm = { broker_transport_options: { visibility_timeout: 2, global_keyprefix: prefix } };
    const settings = place.on === 'Redis' ? calm : {};
    const victim = await CeleryWorker.start(python, { ...site, settings }, [queue]);
    const result = await hold.applyAsync(['python'], { queue });
    await eventually(async () => (await executions(result.id)) === 1);
    await victim.kill();
    await using worker = new Worker(app, { queues: [queue] });
    await worker.start();
    expect(await result.get(soon)).toEqual(['typescript', true]);
    expect(await executions(result.id)).toBe(1);
  }, 60_000);

  test.concurrent('is executed in Python when a ctq worker was killed in the middle of it and none is left [MS-135, MS-136, MS-138] {python, ctq → both: killed workers}', async (context) => {
    const { expect } = context;
    const { prefix, queue, app, site, executions } = setup(context);
    const options = place.on === 'Redis' ? `?lease_duration=1s&global_keyprefix=${prefix}` : '';
    const env = { CTQ_BROKER_URL: `${broker}${options}`, CTQ_RESULT_BACKEND: backend };
    const victim = startProgram(cli, ['-A', tasks, 'worker', '-Q', queue, '-l', 'info'], { env });
    await victim.line(/ ready\.$/);
    const result = await app.sendTask('shared.hold', ['typescript'], {}, { queue });
    await eventually(async () => (await executions(result.id)) === 1);
    victim.kill('SIGKILL');
    await victim.exited;
    await using _python = await CeleryWorker.start(python, site, [queue]);
    expect(await result.get(soon)).toEqual(['python', true]);
    // The victim's, and the one in Python.
    expect(await executions(result.id)).toBe(2);
  }, 60_000);

  // What comes back by itself after a time, and what is parked under keys of Redis.
  if (place.on !== 'Redis') return;

  test.concurrent('and works on for ten seconds is left alone by a Celery worker with a visibility timeout of two [MS-136] {python, ctq → both: held tasks}', async (context) => {
    const { expect } = context;
    // Lease and Kombu's own sweep of ctq are far from it: what is restored here, Python restored.
    const { prefix, app, journal, site } = setup(context, { leaseDuration: '3s', visibilityTimeout: '1h' });
    const begun = deferred();
    const end = deferred<string>();
    let executions = 0;
    const hold = app.task('shared.hold', () => {
      executions += 1;
      begun.resolve();
      return end.promise;
    });
    await using _python = await CeleryWorker.start(python, site, ['held']);
    await using worker = new Worker(app, { queues: ['own'] });
    await worker.start();
    const result = await hold.applyAsync([], { queue: 'own' });
    await begun.promise;
    // Messages of nobody, held for as long as Python allows: each comes back by the next of its sweeps.
    const endsAt = performance.now() + 10_000;
    let sweeps = 0;
    while (performance.now() < endsAt) {
      const tag = crypto.randomUUID();
      const nothing = { body: Buffer.of(), contentType: '', contentEncoding: '', headers: {}, properties: {} };
      const envelope = encodeEnvelope(nothing, { exchange: '', routingKey: 'nobody' }, tag);
      await journal.hset(`${prefix}unacked`, tag, `[${envelope},"","nobody"]`);
      await journal.zadd(`${prefix}unacked_index`, Date.now() / 1_000 - impatient.visibility_timeout, tag);
      expect(await journal.blpop(`${prefix}nobody`, 20)).not.toBeNull();
      sweeps += 1;
    }
    expect(sweeps).toBeGreaterThan(1);
    expect(await journal.llen(`${prefix}own`)).toBe(0);
    end.resolve('once');
    expect(await result.get(soon)).toBe('once');
    await worker.stop(Deadline.after(5_000));
    expect(executions).toBe(1);
    expect(await journal.exists(`${prefix}own`, `${prefix}unacked`)).toBe(0);
  }, 60_000);

  test.concurrent('and works on is left alone by Kombu, whatever its visibility timeout [MS-136] {python, ctq → both: held tasks}', async (context) => {
    const { expect } = context;
    const { prefix, app } = setup(context, { leaseDuration: '3s' });
    const begun = deferred();
    const end = deferred<string>();
    let executions = 0;
    const hold = app.task('shared.hold', () => {
      executions += 1;
      begun.resolve();
      return end.promise;
    });
    await using worker = new Worker(app, { queues: ['own'] });
    await worker.start();
    const result = await hold.applyAsync([], { queue: 'own' });
    await begun.promise;
    const transportOptions = { visibility_timeout: 0, global_keyprefix: prefix };
    await using kombu = new KombuPeer(python, { ...place, transportOptions });
    // Longer than the lease: what is not renewed would be taken.
    expect(await kombu.restore(4)).toBeGreaterThan(1);
    end.resolve('once');
    expect(await result.get(soon)).toBe('once');
    await worker.stop(Deadline.after(5_000));
    expect(executions).toBe(1);
  }, 60_000);

  test.concurrent('and parked until it is due is executed by Python when no ctq worker is left [MS-136, TR-077] {python, ctq → both: parked tasks}', async (context) => {
    const { expect } = context;
    const { prefix, app, journal, site, line } = setup(context);
    const mark = app.task('shared.mark', (number: number): [string, number] => ['typescript', number]);
    const worker = new Worker(app, { queues: ['eta'] });
    await worker.start();
    const received = line(/shared\.mark.* received {2}ETA/);
    const eta = new Date(Date.now() + 6_000);
    const result = await mark.applyAsync([7], { queue: 'eta', eta });
    await received;
    await worker.stop(Deadline.after(5_000));
    // It is in the broker, and not in the queue: the Python worker that starts now has nothing to take.
    expect(await journal.llen(`${prefix}eta`)).toBe(0);
    expect(await journal.hlen(`${prefix}unacked`)).toBe(1);
    await using _python = await CeleryWorker.start(python, site, ['eta']);
    expect(await result.get(soon)).toEqual(['python', 7]);
    const { dateDone } = (await result.record()) ?? {};
    expect(Date.parse(dateDone ?? '')).toBeGreaterThanOrEqual(eta.getTime());
    // It is acknowledged after its result is stored.
    await eventually(async () => (await journal.exists(`${prefix}eta`, `${prefix}unacked`)) === 0);
  }, 60_000);
});
