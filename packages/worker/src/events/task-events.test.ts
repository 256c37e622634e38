import { chord, Reject, type SettingsInput } from '@ctq/core';
import { memoryTransport } from '@ctq/messaging';
import type { Transport } from '@ctq/messaging/transport';
import { deferred } from '@ctq/runtime';
import { describe, expect, test } from 'vitest';
import { capturedFields } from '../__fixtures__/captured-events.js';
import { losable } from '../__fixtures__/losable.js';
import { bodyOf, type HeardEvent, Monitor } from '../__fixtures__/monitor.js';
import { WorkerScene } from '../__fixtures__/worker-scene.js';
import type { WorkerOptions } from '../worker-options.js';

async function setup(settings: SettingsInput & { readonly broker?: Transport } = {}) {
  const scene = new WorkerScene({ workerSendTaskEvents: true, ...settings });
  const monitor = await Monitor.of(scene.app);
  return {
    scene,
    monitor,
    start: (options: WorkerOptions = {}) => scene.start(options),
    async [Symbol.asyncDispose]() {
      await scene[Symbol.asyncDispose]();
      await monitor[Symbol.asyncDispose]();
    },
  };
}

/** Of one task, in their order. */
const typesOf = (monitor: Monitor, id: string): readonly string[] =>
  monitor.events.filter((event) => event['uuid'] === id).map(({ type }) => type);

const keysOf = (event: HeardEvent): readonly string[] => Object.keys(event).sort();

describe('The events of a task', () => {
  test('that succeeds tell of its way, in their order [WK-033, WK-144, WK-145, WK-146, WK-159, ST-210]', async () => {
    await using call = await setup();
    const { scene, monitor } = call;
    const add = scene.app.task('add', async (x: number, y: number) => {
      await scene.clock.sleep(1_500);
      return x + y;
    });
    await call.start();
    const result = await add.delay(2, 3);
    await monitor.event('task-started', result.id);
    await scene.clock.advance(1_500);
    await monitor.event('task-succeeded', result.id);
    expect(typesOf(monitor, result.id)).toEqual(['task-received', 'task-started', 'task-succeeded']);
    const [received, started, succeeded] = monitor.events as [HeardEvent, HeardEvent, HeardEvent];
    expect(received).toMatchObject({
      ...{ hostname: 'w1@host', pid: process.pid, uuid: result.id, name: 'add', args: '(2, 3)', kwargs: '{}' },
      ...{ root_id: result.id, parent_id: null, retries: 0, eta: null, expires: null },
    });
    expect(succeeded).toMatchObject({ result: '5', runtime: 1.5 });
    expect([received, started, succeeded].map(({ clock }) => clock)).toEqual([1, 2, 3]);
    expect([keysOf(received)]).toEqual(capturedFields('task-received'));
    expect([keysOf(started)]).toEqual(capturedFields('task-started'));
    expect([keysOf(succeeded)]).toEqual(capturedFields('task-succeeded'));
    expect(monitor.deliveries.map(({ route }) => route.routingKey)).toEqual(
      Array(monitor.deliveries.length).fill('task.multi'),
    );
    expect(monitor.deliveries.every((delivery) => Array.isArray(bodyOf(delivery)))).toBe(true);
    expect(monitor.deliveries[0]?.message.headers).toEqual({ hostname: 'w1@host' });
    expect(monitor.deliveries[0]?.message.properties.deliveryMode).toBe(1);
  });

  test('of many tasks travel together, 24 at most [WK-159]', async () => {
    await using call = await setup();
    const { scene, monitor } = call;
    const nothing = scene.app.task('nothing', () => null);
    const results = await Promise.all(Array.from({ length: 40 }, () => nothing.delay()));
    await call.start();
    await Promise.all(results.map(({ id }) => monitor.event('task-succeeded', id)));
    const sizes = monitor.deliveries.map((delivery) => [bodyOf(delivery)].flat().length);
    expect(Math.max(...sizes)).toBe(24);
    expect(monitor.events).toHaveLength(120);
    for (const { id } of results)
      expect(typesOf(monitor, id)).toEqual(['task-received', 'task-started', 'task-succeeded']);
    const clocks = monitor.events.map((event) => Number(event['clock']));
    expect(clocks).toEqual(clocks.toSorted((a, b) => a - b));
  });

  test('are single objects where the broker is asked for messages again and again [WK-159]', async () => {
    const memory = memoryTransport();
    const broker: Transport = {
      ...{ spec: 1, name: memory.name, url: memory.url, supports: { ...memory.supports, wakeUp: { pollMs: 1_000 } } },
      connect: (context, signal) => memory.connect(context, signal),
    };
    await using call = await setup({ broker });
    const { scene, monitor } = call;
    const nothing = scene.app.task('nothing', () => null);
    await call.start();
    const { id } = await nothing.delay();
    await monitor.event('task-succeeded', id);
    expect(monitor.deliveries.map(({ route }) => route.routingKey)).toEqual([
      'task.received',
      'task.started',
      'task.succeeded',
    ]);
    expect(monitor.deliveries.some((delivery) => Array.isArray(bodyOf(delivery)))).toBe(false);
  });

  test('that fails tell how [WK-147]', async () => {
    await using call = await setup();
    const { scene, monitor } = call;
    const fails = scene.app.task('fails', () => {
      throw new TypeError("no 'such' order");
    });
    await call.start();
    const { id } = await fails.delay();
    const failed = await monitor.event('task-failed', id);
    expect(failed).toMatchObject({
      exception: `TypeError("no 'such' order")`,
      traceback: expect.stringMatching(/^TypeError: no 'such' order\n +at /),
    });
    expect(capturedFields('task-failed')).toContainEqual(keysOf(failed));
    expect(typesOf(monitor, id)).toEqual(['task-received', 'task-started', 'task-failed']);
  });

  test('that nobody has tell that alone [WK-147]', async () => {
    await using call = await setup();
    await call.start();
    const { id } = await call.scene.app.sendTask('no.such.task');
    const failed = await call.monitor.event('task-failed', id);
    expect(failed['exception']).toBe("NotRegistered('no.such.task')");
    expect(capturedFields('task-failed')).toContainEqual(keysOf(failed));
    expect(typesOf(call.monitor, id)).toEqual(['task-failed']);
  });

  test('that is run again tell why [WK-150]', async () => {
    await using call = await setup();
    const { scene, monitor } = call;
    const again = scene.app.task('again', { bind: true }, (ctx) => {
      if (ctx.request.retries === 0) ctx.retry({ error: new RangeError('first'), countdown: 0 });
      return 'done';
    });
    await call.start();
    const { id } = await again.delay();
    await monitor.event('task-succeeded', id);
    const retried = await monitor.event('task-retried', id);
    expect(retried).toMatchObject({
      exception: "RangeError('first')",
      traceback: expect.stringContaining('RangeError: first'),
    });
    expect([keysOf(retried)]).toEqual(capturedFields('task-retried'));
    // The next attempt may be received before the first one has told that there is one.
    expect(typesOf(monitor, id).toSorted()).toEqual(
      ['task-received', 'task-started', 'task-retried', 'task-received', 'task-started', 'task-succeeded'].toSorted(),
    );
  });

  test.each([
    ['goes back to its queue', { requeue: true }, ['task-received', 'task-started', 'task-rejected']],
    ['is dropped', { requeue: false }, ['task-received', 'task-started', 'task-rejected']],
  ])('that is rejected and %s tell that [WK-148]', async (_what, options, types) => {
    await using call = await setup();
    const { scene, monitor } = call;
    let runs = 0;
    const rejecting = scene.app.task('rejecting', { acksLate: true }, () => {
      runs += 1;
      if (runs === 1) throw new Reject('no thanks', options);
    });
    await call.start();
    const { id } = await rejecting.delay();
    const rejected = await monitor.event('task-rejected', id);
    expect(rejected['requeue']).toBe(options.requeue);
    expect([keysOf(rejected)]).toEqual(capturedFields('task-rejected'));
    expect(typesOf(monitor, id).slice(0, 3)).toEqual(types);
  });

  test('whose failure rejects its message tell both [WK-148]', async () => {
    await using call = await setup();
    const fails = call.scene.app.task('fails', { acksOnFailure: false }, () => {
      throw new Error('dead letter');
    });
    await call.start();
    const { id } = await fails.delay();
    await call.monitor.event('task-failed', id);
    expect(typesOf(call.monitor, id)).toEqual(['task-received', 'task-started', 'task-rejected', 'task-failed']);
  });

  test('that was revoked or has expired tell that alone [WK-149]', async () => {
    await using call = await setup();
    const { scene, monitor } = call;
    const task = scene.app.task('task', () => null);
    const revoked = await task.delay();
    await scene.app.revoke(revoked);
    const expired = await task.applyAsync([], { expires: 1 });
    await scene.clock.advance(1_000);
    await call.start();
    const event = await monitor.event('task-revoked', revoked.id);
    expect(event).toMatchObject({ terminated: false, signum: null, expired: false });
    expect([keysOf(event)]).toEqual(capturedFields('task-revoked'));
    expect(await monitor.event('task-revoked', expired.id)).toMatchObject({ terminated: false, expired: true });
    for (const { id } of [revoked, expired]) expect(typesOf(monitor, id)).toEqual(['task-revoked']);
  });

  test('that was ended while it ran tell with what [WK-149]', async () => {
    await using call = await setup();
    const { scene, monitor } = call;
    const long = scene.app.task('long', { bind: true }, async ({ signal }) => {
      await new Promise((_, reject) =>
        signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }),
      );
    });
    await call.start();
    const result = await long.delay();
    await monitor.event('task-started', result.id);
    await scene.app.revoke(result, { terminate: true });
    // Tasks in the event loop of the worker are told to leave by no signal of the operating system.
    expect(await monitor.event('task-revoked', result.id)).toMatchObject({ terminated: true, signum: null });
    expect(typesOf(monitor, result.id)).toEqual(['task-received', 'task-started', 'task-revoked']);
  });

  test('that is given up because the broker was lost tell that [WK-151, WK-161]', async () => {
    const { transport, lose } = losable();
    await using call = await setup({ broker: transport, workerCancelLongRunningTasksOnConnectionLoss: true });
    const { scene, monitor } = call;
    const isLong = deferred();
    let runs = 0;
    const long = scene.app.task('long', async () => {
      runs += 1;
      if (runs === 1) await isLong.promise;
    });
    await call.start();
    const { id } = await long.delay();
    await monitor.event('task-started', id);
    lose();
    await scene.line(/is cancelled: the connection to the broker was lost/);
    await scene.clock.advance(60_000);
    // It was said while the broker was away.
    await monitor.event('task-cancelled', id);
    expect(typesOf(monitor, id).slice(0, 3)).toEqual(['task-received', 'task-started', 'task-cancelled']);
    await monitor.event('task-succeeded', id);
    isLong.resolve();
  });

  test('that is given up by a cold shutdown tell that [WK-151]', async () => {
    await using call = await setup();
    const { scene, monitor } = call;
    const long = scene.app.task('long', { bind: true }, async ({ signal }) => {
      await new Promise((_, reject) =>
        signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }),
      );
    });
    const worker = await call.start();
    const { id } = await long.delay();
    await monitor.event('task-started', id);
    await worker.terminate();
    await monitor.event('task-cancelled', id);
    expect(typesOf(monitor, id)).toEqual(['task-received', 'task-started', 'task-cancelled']);
  });

  test('show results as long as its log lines', async () => {
    await using call = await setup();
    const { scene, monitor } = call;
    const long = scene.app.task('long', { resultReprMaxSize: 20 }, () => 'x'.repeat(2_000));
    const longer = scene.app.task('longer', () => 'x'.repeat(2_000));
    await call.start();
    for (const [task, most] of [
      [long, 30],
      [longer, 1_030],
    ] as const) {
      const { id } = await task.delay();
      const shown = String((await monitor.event('task-succeeded', id))['result']);
      expect(shown.length).toBeLessThan(most);
      expect((await scene.line(new RegExp(`${id}. succeeded`))).message.endsWith(`: ${shown}`)).toBe(true);
    }
  });

  test('of a workflow tell to what it belongs [WK-144]', async () => {
    await using call = await setup();
    const { scene, monitor } = call;
    const add = scene.app.task('add', (x: number, y: number) => x + y);
    const sum = scene.app.task('sum', (numbers: number[]) => numbers.reduce((all, one) => all + one, 0));
    await call.start();
    const result = await chord([add.s(1, 1), add.s(2, 2)], sum.s()).delay();
    const received = await monitor.event('task-received', result.id);
    expect(received).toMatchObject({ name: 'sum', args: expect.stringMatching(/^\(\[/) });
    expect(received['root_id']).not.toBe(result.id);
    await monitor.event('task-succeeded', result.id);
  });

  test('are those of its other name where it has one', async () => {
    await using call = await setup();
    const task = call.scene.app.task('task', () => null);
    await call.start();
    const { id } = await task.applyAsync([], { shadow: 'shown' });
    expect((await call.monitor.event('task-received', id))['name']).toBe('shown');
  });
});

describe('Events of tasks', () => {
  test('are not sent unless asked for [WK-022, ST-210]', async () => {
    await using call = await setup({ workerSendTaskEvents: false });
    const { scene, monitor } = call;
    const task = scene.app.task('task', () => null);
    const worker = await call.start({ heartbeat: true });
    await (await task.delay()).get();
    await worker.stop();
    await monitor.event('worker-offline');
    expect(monitor.types).toEqual(['worker-online', 'worker-offline']);
  });

  test('are an option of a worker, over the setting', async () => {
    await using call = await setup({ workerSendTaskEvents: false });
    const task = call.scene.app.task('task', () => null);
    await call.start({ taskEvents: true });
    const { id } = await task.delay();
    await call.monitor.event('task-succeeded', id);
  });

  test('are not sent of a task that is not to be told of [TR-044]', async () => {
    await using call = await setup();
    const { scene, monitor } = call;
    const secret = scene.app.task('secret', { sendEvents: false }, () => null);
    const open = scene.app.task('open', () => null);
    await call.start();
    await (await secret.delay()).get();
    const { id } = await open.delay();
    await monitor.event('task-succeeded', id);
    expect(new Set(monitor.events.map((event) => event['uuid']))).toEqual(new Set([id]));
  });

  test('that cannot be sent keep no task from running', async () => {
    await using call = await setup({ eventSerializer: 'nonsense' });
    const { scene } = call;
    const task = scene.app.task('task', () => 'done');
    const worker = await call.start();
    for (let count = 0; count < 3; count += 1) expect(await (await task.delay()).get()).toBe('done');
    await worker.stop();
    expect(scene.lines.filter(({ message }) => /Couldn't send an event/.test(message))).toHaveLength(1);
  });
});
