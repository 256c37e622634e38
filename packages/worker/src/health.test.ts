import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { memoryTransport } from '@ctq/messaging';
import { deferred } from '@ctq/runtime';
import { describe, expect, test } from 'vitest';
import { deaf } from './__fixtures__/deaf.js';
import { losable } from './__fixtures__/losable.js';
import { WorkerScene } from './__fixtures__/worker-scene.js';
import type { Worker } from './worker.js';

const health = { port: 0, host: '127.0.0.1' };

interface Answer {
  readonly status: number;
  readonly body: { readonly ok?: boolean; readonly reasons: readonly string[] };
}

async function ask(worker: Worker, path: string, method: string = 'GET'): Promise<Answer> {
  const { port } = worker.healthAddress ?? {};
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { method, headers: { connection: 'close' } });
  const text = await response.text();
  return { status: response.status, body: text === '' ? { reasons: [] } : (JSON.parse(text) as Answer['body']) };
}

const statuses = async (worker: Worker): Promise<readonly number[]> =>
  await Promise.all(['/startupz', '/readyz', '/livez'].map(async (path) => (await ask(worker, path)).status));

describe('Probes of a worker', () => {
  test('are answered from the start of its start to the end of its end, with reasons [ST-186]', async () => {
    const inner = memoryTransport();
    const mayConnect = deferred();
    const connecting = deferred();
    const broker: typeof inner = {
      ...inner,
      async connect(context, signal) {
        connecting.resolve();
        await mayConnect.promise;
        return await inner.connect(context, signal);
      },
    };
    await using scene = new WorkerScene({ broker, workerSoftShutdownTimeout: 60 });
    const door = deferred();
    const task = scene.app.task('task', () => door.promise);
    const worker = scene.worker({ health });
    expect(worker.healthAddress).toBeUndefined();
    const starting = worker.start();
    await connecting.promise;
    expect(await statuses(worker)).toEqual([503, 503, 200]);
    expect((await ask(worker, '/readyz')).body).toEqual({
      ok: false,
      reasons: ['The worker has not started yet.', 'The connection to the broker is connecting.'],
      phase: 'starting',
      connection: 'connecting',
      running: 0,
      waiting: 0,
    });
    mayConnect.resolve();
    await starting;
    expect(await statuses(worker)).toEqual([200, 200, 200]);
    await task.delay();
    await scene.line(/accepted/);
    expect((await ask(worker, '/readyz?verbose')).body).toMatchObject({ ok: true, reasons: [], running: 1 });
    const stop = worker.stop();
    expect(await statuses(worker)).toEqual([200, 503, 200]);
    expect((await ask(worker, '/readyz')).body.reasons).toContain('The worker is shutting down.');
    door.resolve();
    await stop;
    expect(worker.healthAddress).toBeUndefined();
  });

  test('a lost connection: alive, not ready, and ready again when it is back', async () => {
    const { transport, lose } = losable();
    await using scene = new WorkerScene({ broker: transport });
    const worker = await scene.start({ health });
    lose();
    await scene.line(/Lost the connection/);
    expect(await statuses(worker)).toEqual([200, 503, 200]);
    await scene.clock.advance(60_000);
    expect(await statuses(worker)).toEqual([200, 200, 200]);
  });

  test('a worker that cannot go on is not alive', async () => {
    const { transport, lose } = losable();
    await using scene = new WorkerScene({ broker: transport, brokerConnectionRetry: false });
    const worker = await scene.start({ health });
    lose();
    await worker.failed;
    const { status, body } = await ask(worker, '/livez');
    expect(status).toBe(503);
    expect(body.reasons.join()).toContain('The worker cannot go on: ');
    expect(body.reasons.join()).toContain('The cable was pulled.');
  });

  test('a worker that receives nothing although messages wait is not alive', async () => {
    await using scene = new WorkerScene({ broker: deaf() });
    const worker = await scene.start({ health });
    await scene.app.sendTask('add', [1, 2]);
    await scene.clock.advance(60_000);
    expect((await ask(worker, '/livez')).status).toBe(200);
    await scene.clock.advance(65_000);
    const { status, body } = await ask(worker, '/livez');
    expect(status).toBe(503);
    expect(body.reasons.join()).toContain("although messages wait in 'celery'");
  });

  test('a worker whose slots are all taken for hours is sound', async () => {
    await using scene = new WorkerScene();
    const task = scene.app.task('task', () => new Promise(() => undefined));
    const worker = await scene.start({ concurrency: 1, prefetchMultiplier: 1, health });
    for (let count = 0; count < 3; count += 1) await task.delay();
    await scene.clock.advance(7_200_000);
    expect(await statuses(worker)).toEqual([200, 200, 200]);
  });

  test('other paths and methods are refused; HEAD has no body', async () => {
    await using scene = new WorkerScene();
    const worker = await scene.start({ health });
    expect((await ask(worker, '/healthz')).status).toBe(404);
    expect((await ask(worker, '/livez', 'POST')).status).toBe(405);
    expect(await ask(worker, '/livez', 'HEAD')).toEqual({ status: 200, body: { reasons: [] } });
  });

  test('a port that is taken keeps the worker from starting', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', () => resolve()));
    try {
      await using scene = new WorkerScene();
      const worker = scene.worker({ health: { ...health, port: (taken.address() as AddressInfo).port } });
      await expect(worker.start()).rejects.toMatchObject({ code: 'CTQ_HEALTH_PORT' });
    } finally {
      taken.close();
    }
  });
});
