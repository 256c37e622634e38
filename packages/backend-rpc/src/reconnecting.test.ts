import type { Ctq } from '@ctq/core';
import { openConnection } from '@ctq/messaging';
import { type Deferred, deferred } from '@ctq/runtime';
import { type FaultProxy, redisDatabase, redisDatabases, startFaultProxy } from '@ctq/test-services';
import { describeWith } from '@ctq/test-services/vitest';
import { redis } from '@ctq/transport-redis';
import { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';
import { dropKeys } from './__fixtures__/drop-keys.js';
import { openBackend, record } from './__fixtures__/opened-backend.js';
import { RpcScene } from './__fixtures__/rpc-scene.js';
import { decodeReply } from './reply.js';

const patient = { timeout: '50s' } as const;

describeWith('redis', 'Results whose way is cut', (server) => {
  const url = redisDatabase(server, 'rpcReconnect');

  /** Programs with keys of their own; one of them may be on the other side of a proxy. */
  function sceneOf(): { scene: RpcScene; through: (proxy: FaultProxy) => ReturnType<typeof redis> } {
    const globalKeyprefix = `rpc-${crypto.randomUUID()}:`;
    onTestFinished(() => dropKeys(url, globalKeyprefix));
    return {
      scene: new RpcScene(redis({ url, globalKeyprefix })),
      through: (proxy) => redis({ url: proxy.through(url), globalKeyprefix }),
    };
  }

  async function proxied(): Promise<FaultProxy> {
    const { hostname: host, port } = new URL(url);
    const proxy = await startFaultProxy({ target: { host, port: Number(port) } });
    onTestFinished(() => proxy.close());
    return proxy;
  }

  /** A worker whose task waits for the test, which hears when it runs. */
  async function startWorker(
    scene: RpcScene,
  ): Promise<{ readonly runs: Promise<void>; readonly door: Deferred<void> }> {
    const [runs, door] = [deferred(), deferred()];
    const app = scene.app();
    app.task('wait', async (n: number) => {
      runs.resolve();
      await door.promise;
      return n;
    });
    await scene.start(app);
    return { runs: runs.promise, door };
  }

  /** Resolves with the next such move of the connection over which a client hears of its results. */
  const hearing = (app: Ctq, move: 'established' | 'lost'): Promise<void> => {
    const { promise, resolve } = deferred();
    app.onConnectionChange(({ event, purpose }) => {
      if (event === move && purpose === 'consume') resolve();
    });
    return promise;
  };

  test('[BK-041] are heard when the client is back: its queue has kept what came meanwhile', {
    timeout: 60_000,
  }, async () => {
    const { scene, through } = sceneOf();
    const proxy = await proxied();
    const { runs, door } = await startWorker(scene);
    const client = scene.app({ broker: through(proxy) });
    const isHearing = hearing(client, 'established');
    const result = await client.sendTask<number>('wait', [7]);
    await Promise.all([runs, isHearing]);
    const isLost = hearing(client, 'lost');
    const away = proxy.inject({ kind: 'refuse', ms: 50_000 });
    proxy.inject({ kind: 'reset' });
    await isLost;
    const waiting = result.get(patient);
    door.resolve();
    const waits = async (): Promise<number> => {
      await using connection = openConnection({ transport: scene.transport });
      const channel = await connection.openChannel();
      const name = client.kernel.sender.replyTo;
      const info = { name, durable: true, exclusive: false, autoDelete: true, passive: true };
      return (await channel.declareQueue(info)).messageCount;
    };
    while ((await waits()) === 0);
    away.end();
    expect(await waiting).toBe(7);
    expect(await result.get(patient)).toBe(7);
  });

  test('[BK-041] are heard although every connection to the broker was killed', { timeout: 60_000 }, async () => {
    const { scene } = sceneOf();
    const app = scene.app();
    const task = app.task('number', (n: number) => n);
    await scene.start(app);
    const client = scene.app();
    const remote = client.remote<typeof task>('number');
    expect(await (await remote.delay(1)).get(patient)).toBe(1);
    const isLost = hearing(client, 'lost');
    const admin = new Redis(url);
    const lines = String(await admin.client('LIST')).split('\n');
    const ids = lines
      .filter((line) => line.includes(` db=${redisDatabases.rpcReconnect} `))
      .map((line) => /^id=(\d+)/.exec(line)?.[1]);
    const own = String(await admin.client('ID'));
    for (const id of ids) if (id !== undefined && id !== own) await admin.client('KILL', 'ID', id);
    admin.disconnect();
    await isLost;
    const results = await Promise.all([2, 3, 4].map((n) => remote.delay(n)));
    expect(await Promise.all(results.map((result) => result.get(patient)))).toEqual([2, 3, 4]);
  });

  test('[BK-074] are sent again until the broker takes them', { timeout: 60_000 }, async () => {
    const { scene, through } = sceneOf();
    const proxy = await proxied();
    const client = await scene.messagesTo('client');
    const worker = await openBackend({ transport: through(proxy) });
    await worker.store([{ ...record('first'), replyTo: 'client' }]);
    const away = proxy.inject({ kind: 'refuse', ms: 1_500 });
    proxy.inject({ kind: 'reset' });
    await worker.store([{ ...record('second'), replyTo: 'client' }]);
    await away.over;
    const come = [await client.next(), await client.next()];
    expect(come.map((message) => decodeReply(worker.codec, message)?.taskId)).toEqual(['first', 'second']);
  });

  test('[BK-074] are an error that may pass when the broker is away for longer than they are tried', {
    timeout: 60_000,
  }, async () => {
    const { through } = sceneOf();
    const proxy = await proxied();
    await proxy.close();
    const worker = await openBackend({ transport: through(proxy) }, { retryPolicy: { maxRetries: 1 } });
    await expect(worker.store([{ ...record('one'), replyTo: 'client' }])).rejects.toMatchObject({
      code: 'CTQ_BACKEND_STORE',
      recoverable: true,
      message: expect.stringMatching(/^1 of 1 results could not be sent: /),
    });
  });

  test('keep nobody from closing while the broker is away', { timeout: 60_000 }, async () => {
    const { scene, through } = sceneOf();
    const proxy = await proxied();
    const client = scene.app({ broker: through(proxy) });
    const isHearing = hearing(client, 'established');
    const result = await client.sendTask('nowhere');
    const waiting = result.get(patient).catch((error: unknown) => String(error));
    await isHearing;
    const isLost = hearing(client, 'lost');
    const away = proxy.inject({ kind: 'refuse', ms: 50_000 });
    proxy.inject({ kind: 'reset' });
    await isLost;
    await client.close();
    expect(await waiting).toContain('closed');
    away.end();
  });

  test('[BK-041] are an error to who waits for them when nobody tries to reconnect any more', {
    timeout: 60_000,
  }, async () => {
    const { scene, through } = sceneOf();
    const proxy = await proxied();
    const client = scene.app({ broker: through(proxy), brokerConnectionRetry: false });
    const isListening = hearing(client, 'established');
    const result = await client.sendTask('nowhere');
    await isListening;
    const waiting = result.get(patient);
    waiting.catch(() => undefined);
    const away = proxy.inject({ kind: 'refuse', ms: 1_000 });
    proxy.inject({ kind: 'reset' });
    await expect(waiting).rejects.toMatchObject({ code: 'CTQ_BACKEND_CONNECTION', recoverable: false });
    await away.over;
    // The next call tries again.
    const server = scene.app();
    server.task('number', (n: number) => n);
    await scene.start(server);
    expect(await (await client.sendTask<number>('number', [5])).get(patient)).toBe(5);
  });
});
