import { Ctq } from '@ctq/core';
import { memoryTransport, openConnection } from '@ctq/messaging';
import { ConfigurationError, VirtualClock } from '@ctq/runtime';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openBackend, record } from './__fixtures__/opened-backend.js';
import { RpcScene, soon } from './__fixtures__/rpc-scene.js';
import { createBackend, rpc } from './rpc-backend.js';

function thrownBy(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error('Nothing was thrown.');
}

describe('rpc', () => {
  test('[BK-001, BK-007] is what rpc:// and the bare name resolve to, and shows itself so', async () => {
    for (const backend of ['rpc', 'rpc://']) {
      const app = new Ctq('shop', { broker: 'memory://', backend, module: import.meta.url });
      onTestFinished(() => app.close());
      expect(await app.backend()).toMatchObject({ name: 'rpc', url: 'rpc://', supports: { readers: 'sender' } });
    }
  });

  test('hears of a call when it is named by a URL too, and its store is not looked for there', async () => {
    const transport = memoryTransport();
    const [server, client] = [0, 1].map(() => {
      const app = new Ctq('shop', { broker: transport, backend: 'rpc://', module: import.meta.url });
      onTestFinished(() => app.close());
      return app;
    }) as [Ctq, Ctq];
    server.task('number', (n: number) => n);
    await new RpcScene(transport).start(server);
    expect(await (await client.sendTask<number>('number', [1])).get(soon)).toBe(1);
    await expect(client.store()).rejects.toMatchObject({ code: 'CTQ_NO_STORE' });
  });

  test.each(['rpc://user:secret@host/', 'rpc://?persistent=true', 'rpc:host'])(
    'refuses a URL that names a place, without repeating it: %s',
    (url) => {
      const error = thrownBy(() => createBackend(url));
      expect(error).toMatchObject({ code: 'CTQ_BAD_URL' });
      expect(String(error)).not.toContain('secret');
    },
  );

  test.each([
    [{ persistant: true }, 'CTQ_UNKNOWN_OPTION', "Did you mean 'persistent'?"],
    [{ exchange: 'results' }, 'CTQ_UNKNOWN_OPTION', 'over the default exchange'],
    [{ auto_delete: false }, 'CTQ_UNKNOWN_OPTION', 'goes with its process'],
    [{ serializer: 'json' }, 'CTQ_UNKNOWN_OPTION', 'resultSerializer'],
    [{ persistent: 'yes' }, 'CTQ_BAD_OPTION', "'persistent' must be true or false"],
    [{ maxKept: 0 }, 'CTQ_BAD_OPTION', 'a whole number from 1'],
    [{ retry_policy: { maxRetries: -1 } }, 'CTQ_BAD_OPTION', 'numbers from 0'],
    [{ retryPolicy: { tries: 1 } }, 'CTQ_UNKNOWN_OPTION', "rpc.retryPolicy has no option 'tries'"],
  ])('refuses options that it does not have or cannot use: %j', (options, code, message) => {
    const error = thrownBy(() => createBackend('rpc://', options));
    expect(ConfigurationError.isInstance(error)).toBe(true);
    expect(error).toMatchObject({ code, message: expect.stringContaining(message) });
  });

  test('takes the options of Celery in its spelling', () => {
    expect(createBackend('rpc://', { persistent: null, retry_policy: { max_retries: 3, interval_max: 2 } }).name).toBe(
      'rpc',
    );
  });
});

describe('A message with a result', () => {
  test.each([
    [undefined, undefined, 1],
    [true, undefined, 2],
    [true, false, 1],
    [false, true, 2],
  ] as const)(
    '[BK-066, ST-030] survives the broker where the setting resultPersistent (%s) or the option (%s) says so: delivery mode %i',
    async (resultPersistent, persistent, deliveryMode) => {
      const scene = new RpcScene();
      const backend = rpc(persistent === undefined ? {} : { persistent });
      const server = scene.app({ backend, ...(resultPersistent === undefined ? {} : { resultPersistent }) });
      server.task('number', (n: number) => n);
      await scene.start(server);
      const come = await scene.messagesTo('somebody');
      await scene.app().sendTask('number', [1], {}, { replyTo: 'somebody' });
      expect((await come.next()).properties).toMatchObject({ deliveryMode, priority: 0 });
    },
  );

  test('is not sent where nobody is named who would hear it, which is said', async () => {
    const worker = await openBackend({ transport: memoryTransport() });
    await worker.store([record('a'), { ...record('b'), replyTo: '' }]);
    expect(worker.lines.map(({ level, message }) => [level, message])).toEqual([
      ['debug', 'Nobody is told that a is SUCCESS: its message names no address'],
      ['debug', 'Nobody is told that b is SUCCESS: its message names no address'],
    ]);
  });

  test('that cannot be read is a failure of its task; one of no task is dropped, which is said', async () => {
    const transport = memoryTransport();
    const client = await openBackend({ transport });
    const queue = client.expectResult?.();
    const stranger = await openBackend({ transport });
    const connection = openConnection({ transport });
    onTestFinished(() => connection.close());
    const send = (body: string, correlationId: string | undefined, contentType = 'application/json'): Promise<void> =>
      connection.producer.publish(
        {
          body: new TextEncoder().encode(body),
          contentType,
          contentEncoding: 'utf-8',
          headers: {},
          properties: correlationId === undefined ? {} : { correlationId },
        },
        { exchange: '', routingKey: client.address },
        { declare: queue === undefined ? [] : [queue] },
      );
    await send('{', 'broken');
    await send('cos\nsystem\n', 'pickled', 'application/x-python-serialize');
    await send('[]', undefined);
    // As programs before Celery 3 write it: the document says whose it is.
    await send('{"status": "SUCCESS", "result": 1, "task_id": "old"}', undefined);
    await stranger.store([{ ...record('last'), replyTo: client.address }]);
    const ids = ['broken', 'pickled', 'old', 'last'];
    let found = await client.getMany(ids);
    while (!found.has('last')) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      found = await client.getMany(ids);
    }
    expect(found.get('broken')).toMatchObject({ status: 'FAILURE', result: { excType: 'DecodeError' } });
    expect(found.get('pickled')).toMatchObject({ status: 'FAILURE', result: { excType: 'ContentDisallowed' } });
    expect(found.get('old')).toMatchObject({ taskId: 'old', status: 'SUCCESS', result: 1 });
    expect(client.lines.map(({ message }) => message)).toContain(
      'A message on the queue of replies is no result; it is dropped',
    );
  });
});

describe('What a process has heard', () => {
  test('[BK-037] is dropped beyond its limit, the oldest first, which is said once', async () => {
    const client = await openBackend({ transport: memoryTransport() }, { maxKept: 2 });
    const ids = ['a', 'b', 'c', 'd'];
    await client.store(ids.map((taskId) => ({ ...record(taskId), replyTo: client.address })));
    expect([...(await client.getMany(ids)).keys()]).toEqual(['c', 'd']);
    expect(client.lines).toEqual([
      expect.objectContaining({ level: 'warn', message: expect.stringContaining('More than 2 results are here') }),
    ]);
  });

  test('[BK-073] is kept for as long as results are', async () => {
    const clock = new VirtualClock();
    const client = await openBackend({ transport: memoryTransport(), clock, expiresMs: 1_000 });
    await client.store([{ ...record('a'), replyTo: client.address }]);
    await clock.advance(999);
    expect((await client.getMany(['a'])).size).toBe(1);
    await clock.advance(1);
    expect((await client.getMany(['a'])).size).toBe(0);
  });

  test('is given to everybody as a value of their own', async () => {
    const client = await openBackend({ transport: memoryTransport() });
    await client.store([{ ...record('a', { result: [1] }), replyTo: client.address }]);
    const read = async (): Promise<unknown> => (await client.getMany(['a'])).get('a')?.result;
    const first = await read();
    expect(first).toEqual([1]);
    (first as number[]).push(2);
    expect(await read()).toEqual([1]);
  });

  test('is there for calls that ran in place and are stored all the same', async () => {
    const scene = new RpcScene();
    const app = scene.app({ taskAlwaysEager: true, taskStoreEagerResult: true });
    const task = app.task('number', (n: number) => n);
    expect(await (await task.delay(3)).get(soon)).toBe(3);
  });
});

test.each([{ resultCacheMax: 10 }, { resultBackendAlwaysRetry: true }])(
  'A result travels also with %j, which put something around the backend',
  async (settings) => {
    const scene = new RpcScene();
    const server = scene.app(settings);
    server.task('number', (n: number) => n);
    await scene.start(server);
    const client = scene.app(settings);
    const result = await client.sendTask<number>('number', [4]);
    expect(await scene.hears(client)).toBe(true);
    expect(await result.get(soon)).toBe(4);
  },
);

test('A task cannot be asked to leave where its worker would not find it', async () => {
  const scene = new RpcScene();
  const app = scene.app();
  await expect(app.abort('id')).rejects.toMatchObject({
    code: 'CTQ_BACKEND_STORE',
    recoverable: false,
    message: expect.stringContaining('terminate: true'),
  });
});

test('Interceptors around storing pass on where the news goes', async () => {
  const scene = new RpcScene();
  const addresses: (string | undefined)[] = [];
  const server = scene.app({
    interceptors: [
      {
        name: 'upper',
        store: (stored, next) => {
          addresses.push(stored.replyTo);
          return next({ ...stored, result: `${String(stored.result)}!` });
        },
      },
    ],
  });
  server.task('shout', (text: string) => text);
  await scene.start(server);
  const client = scene.app();
  expect(await (await client.sendTask<string>('shout', ['hey'])).get(soon)).toBe('hey!');
  expect(addresses).toEqual([client.kernel.sender.replyTo]);
});
