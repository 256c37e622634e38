import { Ctq } from '@ctq/core';
import { memoryBackend } from '@ctq/core/backend';
import { memoryTransport, TransportConnectionError } from '@ctq/messaging';
import type { Transport } from '@ctq/messaging/transport';
import { deferred, VirtualClock } from '@ctq/runtime';
import { serviceConformance } from '@ctq/runtime/conformance';
import { describe, expect, test } from 'vitest';
import { losable } from './__fixtures__/losable.js';
import { WorkerScene } from './__fixtures__/worker-scene.js';
import { banner } from './report/banner.js';
import { Worker } from './worker.js';

describe('A worker as a service', () => {
  const clock = new VirtualClock();
  const makeWorker = (transport: Transport): Worker => {
    const app = new Ctq('kit', { broker: transport, backend: memoryBackend(), clock });
    const never = app.task('never', () => new Promise<void>(() => undefined));
    const worker = new Worker(app, { health: { port: 0, host: '127.0.0.1' } });
    occupied.set(worker, async () => {
      await never.delay();
      await clock.advance(0);
    });
    return worker;
  };
  const occupied = new WeakMap<object, () => Promise<void>>();
  const cases = serviceConformance(() => makeWorker(memoryTransport()), {
    clock,
    occupy: (service) => occupied.get(service)?.(),
    failingFactory: () => makeWorker(refusing()),
  });
  for (const { name, run } of cases) test(name, run);
});

describe('A worker', () => {
  test('takes tasks of the queues it is given and of no others [WK-024, WK-046]', async () => {
    await using scene = new WorkerScene();
    const where = scene.app.task('where', { bind: true }, (ctx) => ctx.request.deliveryInfo?.routingKey);
    await scene.start({ queues: ['hipri', 'lopri'] });
    await where.delay();
    expect(await (await where.applyAsync([], { queue: 'hipri' })).get({ timeout: 10 })).toBe('hipri');
    expect(await (await where.applyAsync([], { queue: 'lopri' })).get({ timeout: 10 })).toBe('lopri');
    expect(await scene.waiting('celery')).toBe(1);
  });

  test('does not take from a queue that is known from sending alone [TR-260]', async () => {
    await using scene = new WorkerScene();
    const add = scene.app.task('add', (x: number, y: number) => x + y);
    await add.applyAsync([1, 1], { queue: 'other' });
    await scene.start();
    expect(await (await add.delay(2, 2)).get({ timeout: 10 })).toBe(4);
    expect(await scene.waiting('other')).toBe(1);
  });

  test('runs as many at a time as its concurrency, and takes no more than it may hold [WK-018, WK-024]', async () => {
    await using scene = new WorkerScene();
    const door = deferred();
    let running = 0;
    let most = 0;
    const task = scene.app.task('count', async () => {
      running += 1;
      most = Math.max(most, running);
      await door.promise;
      running -= 1;
    });
    await scene.start({ concurrency: 3, prefetchMultiplier: 1 });
    const results = await Promise.all(Array.from({ length: 10 }, () => task.delay()));
    await scene.clock.advance(0);
    expect(most).toBe(3);
    expect(await scene.waiting()).toBe(7);
    door.resolve();
    for (const result of results) await result.get({ timeout: 10 });
    expect(most).toBe(3);
  });

  test('says when it is ready [WK-021, WK-113]', async () => {
    await using scene = new WorkerScene();
    await scene.start();
    await scene.line(/^Connected to memory:\/\//);
    await scene.line(/^w1@host ready\.$/);
  });

  test('goes on when the connection was lost and is back, and says so [ST-052, WK-052]', async () => {
    const { transport, lose } = losable();
    await using scene = new WorkerScene({ broker: transport });
    const add = scene.app.task('add', (x: number, y: number) => x + y);
    await scene.start();
    lose();
    const { level, fields } = await scene.line(/^Lost the connection to memory:\/\/\S*; reconnecting$/);
    expect(level).toBe('warn');
    expect(fields['err']).toBeInstanceOf(TransportConnectionError);
    const result = await add.delay(1, 2);
    await scene.clock.advance(60_000);
    expect(await result.get({ timeout: 10 })).toBe(3);
  });

  test('cannot go on when the connection was lost and brokerConnectionRetry is off [ST-052]', async () => {
    const { transport, lose } = losable();
    await using scene = new WorkerScene({ broker: transport, brokerConnectionRetry: false });
    const worker = await scene.start();
    lose();
    expect((await worker.failed).message).toContain('The cable was pulled.');
  });

  test('without brokerConnectionRetry does not try a second time to connect [ST-052]', async () => {
    const inner = memoryTransport();
    let attempts = 0;
    const connect = () => {
      attempts += 1;
      return Promise.reject(new TransportConnectionError('Nobody is there.', { recoverable: true }));
    };
    await using scene = new WorkerScene({ broker: { ...inner, connect }, brokerConnectionRetry: false });
    await expect(scene.worker().start()).rejects.toThrow('Nobody is there.');
    expect(attempts).toBe(1);
  });

  test('tells a running task through its signal that its message is not its own any more', async () => {
    const { transport, lose } = losable();
    await using scene = new WorkerScene({ broker: transport });
    let runs = 0;
    const task = scene.app.task('long', { bind: true }, async (ctx) => {
      runs += 1;
      if (runs === 2) return 'second time';
      await new Promise<void>((resolve) => ctx.signal.addEventListener('abort', () => resolve()));
      return 'stale';
    });
    await scene.start();
    const result = await task.delay();
    await scene.line(/accepted/);
    lose();
    await scene.clock.advance(60_000);
    await scene.line(/belongs to another worker by now; its outcome \(success\) is dropped/);
    expect(await result.get({ timeout: 10 })).toBe('second time');
  });

  test('holds a message until its ETA where the broker cannot, on top of what it may hold otherwise [WK-035]', async () => {
    await using scene = new WorkerScene({ broker: withoutDelay() });
    const add = scene.app.task('add', (x: number, y: number) => x + y);
    const worker = await scene.start({ concurrency: 1, prefetchMultiplier: 1 });
    const later = await add.applyAsync([1, 1], { countdown: 30 });
    await scene.line(/received {2}ETA/);
    expect(await (await add.delay(2, 2)).get({ timeout: 10 })).toBe(4);
    await scene.clock.advance(30_000);
    expect(await later.get({ timeout: 10 })).toBe(2);
    await add.applyAsync([3, 3], { countdown: 30 });
    await scene.clock.advance(0);
    await worker.stop();
    expect(await scene.waiting()).toBe(1);
  });

  test('needs no logger, and then puts no lines together', async () => {
    const app = new Ctq('quiet', { broker: memoryTransport(), backend: memoryBackend() });
    const add = app.task('add', (x: number, y: number) => x + y);
    await using worker = new Worker(app);
    await worker.start();
    expect(await (await add.delay(1, 2)).get({ timeout: 10 })).toBe(3);
    await worker.stop();
    await app.close();
  });
});

describe('The banner', () => {
  test('shows what a worker is made of [WK-103, WK-104, WK-107, WK-110]', async () => {
    await using scene = new WorkerScene();
    scene.app.task('add', (x: number) => x);
    const info = await scene.worker({ concurrency: 8, queues: ['hipri', 'celery'] }).info();
    const text = banner(info, {
      version: '1.2.3',
      platform: 'Linux-6.1-x64',
      now: new Date(2030, 0, 2, 3, 4, 5),
      tasks: 'own',
    });
    for (const line of [
      'w1@host v1.2.3',
      'Linux-6.1-x64 2030-01-02 03:04:05',
      '.> app:         test',
      '.> transport:   memory://',
      '.> results:     memory://',
      '.> concurrency: 8 (async)',
      '.> task events: OFF (enable -E to monitor tasks in this worker)',
      '.> celery           exchange=celery(direct) key=celery',
      '.> hipri            exchange=hipri(direct) key=hipri',
    ]) {
      expect(text).toContain(line);
    }
    expect(text.indexOf('.> celery ')).toBeLessThan(text.indexOf('.> hipri '));
  });

  test.each([
    [{ concurrency: 3 }, '3 (async)'],
    [{ autoscale: { min: 2, max: 10 } }, '{min=2, max=10} (async)'],
  ])('shows how many tasks run at a time: %j [WK-108]', async (options, shown) => {
    await using scene = new WorkerScene();
    const text = banner(await scene.worker(options).info(), { version: '1', platform: 'x', now: new Date() });
    expect(text.split('\n').some((line) => line.endsWith(`.> concurrency: ${shown}`))).toBe(true);
  });

  test('lists the tasks when told so, those of ctq itself only when told that too [WK-111]', async () => {
    await using scene = new WorkerScene();
    scene.app.task('add', (x: number) => x);
    scene.app.task('celery.ping', () => 'pong');
    const info = await scene.worker().info();
    const listed = (tasks: 'own' | 'all' | undefined): readonly string[] => {
      const text = banner(info, { version: '1', platform: 'x', now: new Date(), tasks });
      return text.split('\n').slice(text.split('\n').indexOf('[tasks]')).slice(1, -1);
    };
    expect(listed('own')).toEqual(['  . add']);
    expect(listed('all')).toEqual(expect.arrayContaining(['  . add', '  . celery.ping']));
    expect(banner(info, { version: '1', platform: 'x', now: new Date() })).not.toContain('[tasks]');
  });
});

function withoutDelay(): Transport {
  const inner = memoryTransport();
  return {
    ...inner,
    supports: { ...inner.supports, delay: false },
    connect: (context, signal) => inner.connect(context, signal),
  };
}

function refusing(): Transport {
  const inner = memoryTransport();
  return {
    ...inner,
    connect: () => Promise.reject(new TransportConnectionError('The password is wrong.', { recoverable: false })),
  };
}
