import { describe, expect, test } from 'vitest';
import { capturedFields } from '../__fixtures__/captured-events.js';
import { Monitor } from '../__fixtures__/monitor.js';
import { WorkerScene } from '../__fixtures__/worker-scene.js';

const ask = async (scene: WorkerScene, command: string): Promise<unknown> =>
  (await scene.app.control.ask(command, {}, { destination: ['w1@host'] })).map(({ value }) => value);

describe('Events of tasks', () => {
  test('are switched on and off while a worker runs [RC-031, RC-032]', async () => {
    await using scene = new WorkerScene();
    await using monitor = await Monitor.of(scene.app);
    const task = scene.app.task('task', () => null);
    await scene.start();
    expect(await ask(scene, 'disable_events')).toEqual([{ ok: 'task events already disabled' }]);
    expect(await ask(scene, 'enable_events')).toEqual([{ ok: 'task events enabled' }]);
    expect(await ask(scene, 'enable_events')).toEqual([{ ok: 'task events already enabled' }]);
    const { id } = await task.delay();
    await monitor.event('task-succeeded', id);
    expect(await ask(scene, 'disable_events')).toEqual([{ ok: 'task events disabled' }]);
    monitor.clear();
    await (await task.delay()).get();
    await scene.app.kernel.events.send('last');
    await monitor.event('last');
    expect(monitor.types).toEqual(['last']);
    expect(scene.lines.map(({ message }) => message)).toEqual(
      expect.arrayContaining([
        'Events of group {task} enabled by remote.',
        'Events of group {task} disabled by remote.',
      ]),
    );
  });

  test('of a worker that was started with them cannot be switched off [RC-031, RC-032]', async () => {
    await using scene = new WorkerScene({ workerSendTaskEvents: true });
    await using monitor = await Monitor.of(scene.app);
    const task = scene.app.task('task', () => null);
    await scene.start();
    expect(await ask(scene, 'enable_events')).toEqual([{ ok: 'task events already enabled' }]);
    expect(await ask(scene, 'disable_events')).toEqual([{ ok: 'task events already disabled' }]);
    const { id } = await task.delay();
    await monitor.event('task-succeeded', id);
  });
});

describe('A heartbeat', () => {
  test('is sent when it is asked for, of the software alone [RC-033]', async () => {
    await using scene = new WorkerScene();
    await using monitor = await Monitor.of(scene.app);
    await scene.start();
    expect(await ask(scene, 'heartbeat')).toEqual([null]);
    expect(await monitor.event('worker-heartbeat')).toEqual({
      ...{ hostname: 'w1@host', pid: process.pid, utcoffset: expect.any(Number), clock: expect.any(Number) },
      ...{ timestamp: scene.clock.now() / 1_000, type: 'worker-heartbeat', freq: 5 },
      ...{ sw_ident: 'ctq', sw_ver: expect.any(String), sw_sys: expect.any(String) },
    });
    expect(monitor.types).toEqual(['worker-heartbeat']);
    expect(capturedFields('worker-heartbeat')).toContainEqual(Object.keys(monitor.events[0] ?? {}).sort());
  });
});
