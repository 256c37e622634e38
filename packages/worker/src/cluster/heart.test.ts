import { TransportConnectionError } from '@ctq/messaging';
import { deferred } from '@ctq/runtime';
import { describe, expect, test } from 'vitest';
import { capturedFields } from '../__fixtures__/captured-events.js';
import { losable } from '../__fixtures__/losable.js';
import { Monitor } from '../__fixtures__/monitor.js';
import { WorkerScene } from '../__fixtures__/worker-scene.js';

describe('A worker', () => {
  test('tells that it comes, is there and goes [WK-027, WK-152, WK-153, WK-154, WK-164]', async () => {
    await using scene = new WorkerScene();
    await using monitor = await Monitor.of(scene.app);
    const worker = await scene.start({ heartbeat: true });
    await scene.clock.advance(4_000);
    await worker.stop();
    await monitor.event('worker-offline');
    expect(monitor.types).toEqual(['worker-online', 'worker-heartbeat', 'worker-heartbeat', 'worker-offline']);
    const [online, first, second] = monitor.events;
    expect(Number(second?.['timestamp']) - Number(first?.['timestamp'])).toBe(2);
    expect(online).toMatchObject({
      ...{ hostname: 'w1@host', pid: process.pid, freq: 2, active: 0, processed: 0, sw_ident: 'ctq' },
      ...{ loadavg: [expect.any(Number), expect.any(Number), expect.any(Number)] },
      ...{ sw_ver: expect.stringMatching(/^\d+\.\d+\.\d+/), sw_sys: expect.any(String) },
    });
    for (const event of monitor.events) expect(capturedFields(event.type)).toContainEqual(Object.keys(event).sort());
    expect(monitor.deliveries.map(({ route }) => route.routingKey)).toEqual(
      monitor.types.map((type) => type.replace('-', '.')),
    );
  });

  test('tells how many tasks it runs and has begun, as often as it is told to, also while it drains [WK-100, CL-050]', async () => {
    await using scene = new WorkerScene();
    const done = deferred();
    const long = scene.app.task('long', () => done.promise);
    const short = scene.app.task('short', () => null);
    await using monitor = await Monitor.of(scene.app);
    const worker = await scene.start({ heartbeat: true, heartbeatInterval: 5 });
    await (await short.delay()).get();
    await long.delay();
    await scene.line(/accepted: long/);
    const stopped = worker.stop();
    monitor.clear();
    await scene.clock.advance(10_000);
    const beats = monitor.events.map(({ type, freq, active, processed }) => ({ type, freq, active, processed }));
    const beat = { type: 'worker-heartbeat', freq: 5, active: 1, processed: 2 };
    expect(beats).toEqual([beat, beat]);
    done.resolve();
    await stopped;
    expect(await monitor.event('worker-offline')).toMatchObject({ active: 0, processed: 2 });
  });

  test('without a heartbeat is not heard of', async () => {
    await using scene = new WorkerScene();
    await using monitor = await Monitor.of(scene.app);
    const worker = await scene.start({ heartbeat: false });
    await scene.clock.advance(10_000);
    await worker.stop();
    await scene.app.kernel.events.send('last');
    await monitor.event('last');
    expect(monitor.types).toEqual(['last']);
  });

  test('tells receivers of the signal of each heartbeat [SG-038]', async () => {
    await using scene = new WorkerScene();
    const senders: string[] = [];
    scene.app.signals.heartbeatSent.connect(({ sender }) => senders.push(sender));
    const worker = await scene.start({ heartbeat: true });
    await scene.clock.advance(2_000);
    await worker.stop();
    expect(senders).toEqual(['w1@host', 'w1@host', 'w1@host']);
  });

  test('does not tell of the past when a broker that was away is back', async () => {
    const { transport, lose } = losable();
    let isAway = false;
    const broker = {
      ...transport,
      connect: async (...given: Parameters<typeof transport.connect>) => {
        if (isAway) throw new TransportConnectionError('away', { recoverable: true });
        return await transport.connect(...given);
      },
    };
    await using scene = new WorkerScene({ broker });
    await using monitor = await Monitor.of(scene.app);
    const worker = await scene.start({ heartbeat: true });
    await monitor.event('worker-online');
    isAway = true;
    lose();
    await scene.clock.advance(60_000);
    isAway = false;
    monitor.clear();
    await scene.clock.advance(10_000);
    const beat = await monitor.event('worker-heartbeat');
    // At most the one that found out.
    expect(monitor.types.filter((type) => type === 'worker-heartbeat').length).toBeLessThanOrEqual(6);
    expect(Number(beat['clock'])).toBeLessThan(10);
    await worker.stop();
  });

  test.each([0, -1])('needs an interval: %d', (heartbeatInterval) => {
    const scene = new WorkerScene();
    expect(() => scene.worker({ heartbeatInterval })).toThrow(/heartbeatInterval/);
  });
});
