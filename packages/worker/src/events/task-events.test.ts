import { chord } from '@ctq/core';
import { memoryTransport } from '@ctq/messaging';
import type { Transport } from '@ctq/messaging/transport';
import { describe, expect, test } from 'vitest';
import { capturedFields } from '../__fixtures__/captured-events.js';
import { EventScene, keysOf, typesOf } from '../__fixtures__/event-scene.js';
import { bodyOf, type HeardEvent } from '../__fixtures__/monitor.js';

describe('The events of a task', () => {
  test('that succeeds tell of its way, in their order [WK-033, WK-144, WK-145, WK-146, WK-159, ST-210]', async () => {
    await using call = await EventScene.of();
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
    await using call = await EventScene.of();
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
    await using call = await EventScene.of({ broker });
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

  test('show results as long as its log lines', async () => {
    await using call = await EventScene.of();
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
    await using call = await EventScene.of();
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
    await using call = await EventScene.of();
    const task = call.scene.app.task('task', () => null);
    await call.start();
    const { id } = await task.applyAsync([], { shadow: 'shown' });
    expect((await call.monitor.event('task-received', id))['name']).toBe('shown');
  });
});

describe('Events of tasks', () => {
  test('are not sent unless asked for [WK-022, ST-210]', async () => {
    await using call = await EventScene.of({ workerSendTaskEvents: false });
    const { scene, monitor } = call;
    const task = scene.app.task('task', () => null);
    const worker = await call.start({ heartbeat: true });
    await (await task.delay()).get();
    await worker.stop();
    await monitor.event('worker-offline');
    expect(monitor.types).toEqual(['worker-online', 'worker-offline']);
  });

  test('are an option of a worker, over the setting', async () => {
    await using call = await EventScene.of({ workerSendTaskEvents: false });
    const task = call.scene.app.task('task', () => null);
    await call.start({ taskEvents: true });
    const { id } = await task.delay();
    await call.monitor.event('task-succeeded', id);
  });

  test('are not sent of a task that is not to be told of [TR-044]', async () => {
    await using call = await EventScene.of();
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
    await using call = await EventScene.of({ eventSerializer: 'nonsense' });
    const { scene } = call;
    const task = scene.app.task('task', () => 'done');
    const worker = await call.start();
    for (let count = 0; count < 3; count += 1) expect(await (await task.delay()).get()).toBe('done');
    await worker.stop();
    expect(scene.lines.filter(({ message }) => /Couldn't send an event/.test(message))).toHaveLength(1);
  });
});
