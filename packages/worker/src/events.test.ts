import { Ctq, type SettingsInput } from '@ctq/core';
import { memoryBackend } from '@ctq/core/backend';
import { type Delivery, memoryTransport } from '@ctq/messaging';
import { describe, expect, test } from 'vitest';
import { bodyOf, type HeardEvent, Monitor } from './__fixtures__/monitor.js';
import { WorkerScene } from './__fixtures__/worker-scene.js';

function eventOf(delivery: Delivery): HeardEvent {
  const body = bodyOf(delivery);
  if (Array.isArray(body)) throw new TypeError('Several events are in one message.');
  return body;
}

const common = { hostname: expect.any(String), utcoffset: expect.any(Number), pid: process.pid };

describe('An event', () => {
  test('of a task has its id and the name of its worker, and is kept nowhere [WK-156, WK-158]', async () => {
    await using scene = new WorkerScene();
    const packing = scene.app.task('packing', { bind: true }, async (ctx, box: number) => {
      await ctx.sendEvent('order-box-packed', { box });
      return box;
    });
    await using monitor = await Monitor.of(scene.app);
    await scene.start();
    const result = await packing.delay(7);
    await result.get({ timeout: 10 });
    const delivery = await monitor.next();
    expect(eventOf(delivery)).toEqual({
      ...{ ...common, hostname: 'w1@host', clock: 1, uuid: result.id, box: 7 },
      ...{ timestamp: scene.clock.now() / 1_000, type: 'order-box-packed' },
    });
    expect(delivery.route).toEqual({ exchange: 'celeryev', routingKey: 'order.box.packed' });
    expect(delivery.message.headers).toEqual({ hostname: 'w1@host' });
    expect(delivery.message.properties.deliveryMode).toBe(1);
  });

  test('comes after the others of its program by its clock [WK-142]', async () => {
    await using scene = new WorkerScene();
    await using monitor = await Monitor.of(scene.app);
    for (let count = 0; count < 3; count += 1) await scene.app.kernel.events.send('thing', { count });
    const events = [eventOf(await monitor.next()), eventOf(await monitor.next()), eventOf(await monitor.next())];
    expect(events.map((event) => [event['clock'], event['count']])).toEqual([
      [1, 0],
      [2, 1],
      [3, 2],
    ]);
  });

  test.each([
    ['a call by name', {}],
    ['protocol 1', { taskProtocol: 1 }],
  ] satisfies [string, SettingsInput][])(
    'tells that a call was sent, where that is asked for: %s [ST-176, WK-143]',
    async (_, settings) => {
      await using scene = new WorkerScene({ ...settings, taskSendSentEvent: true });
      await using monitor = await Monitor.of(scene.app);
      const { id } = await scene.app.sendTask('add', [1], { y: 2 }, { queue: 'sums', countdown: 60 });
      const { clock, timestamp, ...event } = eventOf(await monitor.next());
      expect(event).toEqual({
        ...{ ...common, hostname: expect.stringMatching(/^gen\d+@/), uuid: id, root_id: id, parent_id: null },
        ...{
          name: 'add',
          args: '(1,)',
          kwargs: "{'y': 2}",
          retries: 0,
          eta: expect.stringMatching(/^\d{4}-.*\+00:00$/),
        },
        ...{ expires: null, queue: 'sums', exchange: '', routing_key: 'sums', type: 'task-sent' },
      });
      expect([clock, timestamp]).toEqual([1, scene.clock.now() / 1_000]);
    },
  );

  test('of what was sent is not sent unless asked for [ST-176]', async () => {
    await using scene = new WorkerScene();
    await using monitor = await Monitor.of(scene.app);
    await scene.app.sendTask('add', [1]);
    await scene.app.kernel.events.send('last');
    expect(eventOf(await monitor.next())['type']).toBe('last');
  });

  test('that cannot be sent does not unsend the call [ST-176]', async () => {
    await using scene = new WorkerScene({ taskSendSentEvent: true, eventSerializer: 'nonsense' });
    await scene.app.sendTask('add', [1]);
    expect((await scene.line(/Couldn't send the event task-sent of add/)).level).toBe('warn');
    expect(await scene.waiting()).toBe(1);
  });

  test('goes to the exchange and in the serializer of the settings [ST-117, ST-118]', async () => {
    await using scene = new WorkerScene({ eventExchange: 'monitors', eventSerializer: 'yaml' });
    await using monitor = await Monitor.of(scene.app, 'monitors');
    await scene.app.kernel.events.send('thing');
    const delivery = await monitor.next();
    expect(delivery.message.contentType).toBe('application/x-yaml');
    // What ctq writes as YAML can be read as JSON.
    expect(eventOf(delivery)['type']).toBe('thing');
  });

  test.each([undefined, '', 7])('has a type: %j', async (type) => {
    await using scene = new WorkerScene();
    await expect(scene.app.kernel.events.send(type as string)).rejects.toThrow("An event has a type: 'order-packed'.");
  });

  test('is not sent for calls in place and for eager ones', async () => {
    await using app = new Ctq('eager', { broker: memoryTransport(), backend: memoryBackend(), taskAlwaysEager: true });
    const telling = app.task('telling', { bind: true }, (ctx) => ctx.sendEvent('thing'));
    await using monitor = await Monitor.of(app);
    await telling();
    await (await telling.delay()).get();
    await app.kernel.events.send('last');
    expect(eventOf(await monitor.next())['type']).toBe('last');
  });
});
