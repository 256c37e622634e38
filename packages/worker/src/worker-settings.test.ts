import { SoftTimeLimitExceeded, type TaskDefinition } from '@ctq/core';
import { MemoryBroker, memoryTransport, TransportConnectionError } from '@ctq/messaging';
import type { Transport } from '@ctq/messaging/transport';
import { deferred, type Duration } from '@ctq/runtime';
import { describe, expect, test } from 'vitest';
import { deaf } from './__fixtures__/deaf.js';
import { encode, WorkerScene } from './__fixtures__/worker-scene.js';
import { settlementOf } from './execute/settle.js';
import { taskPolicy } from './execute/task-policy.js';

const embed = { callbacks: null, errbacks: null, chain: null, chord: null };

describe('Settings of results', () => {
  test('taskIgnoreResult stores nothing, taskStoreErrorsEvenIfIgnored the errors [ST-166, ST-180]', async () => {
    for (const keepsErrors of [false, true]) {
      await using scene = new WorkerScene({
        taskIgnoreResult: true,
        taskStoreErrorsEvenIfIgnored: keepsErrors,
      });
      const add = scene.app.task('add', (x: number, y: number) => x + y);
      const boom = scene.app.task('boom', () => {
        throw new Error('no');
      });
      await scene.start();
      const added = await add.delay(2, 3);
      const failed = await boom.delay();
      await scene.line(/add.*succeeded/);
      await scene.line(/boom.*raised unexpected/);
      await scene.clock.advance(0);
      expect(await scene.app.asyncResult(added.id).state()).toBe('PENDING');
      expect(await scene.app.asyncResult(failed.id).state()).toBe(keepsErrors ? 'FAILURE' : 'PENDING');
    }
  });

  test('taskTrackStarted stores STARTED [ST-181]', async () => {
    for (const isTracked of [false, true]) {
      await using scene = new WorkerScene({ taskTrackStarted: isTracked });
      const open = deferred();
      const task = scene.app.task('task', () => open.promise);
      await scene.start();
      const result = await task.delay();
      await scene.line(/accepted/);
      await scene.clock.advance(0);
      expect(await result.state()).toBe(isTracked ? 'STARTED' : 'PENDING');
      open.resolve();
      await result.get({ timeout: 10 });
    }
  });

  test('resultExtended stores what was run, and where [ST-031]', async () => {
    for (const isExtended of [false, true]) {
      await using scene = new WorkerScene({ resultExtended: isExtended });
      const task = scene.app.task('task', { bind: true, params: ['x', 'y'] }, (ctx, x: number, y: number) =>
        ctx.request.retries === 0 ? ctx.retry({ countdown: 0 }) : x + y,
      );
      await scene.start({ queues: ['other'] });
      const { id } = await scene.app.sendTask('task', [2], { y: 3 }, { queue: 'other' });
      expect(task.taskName).toBe('task');
      const result = scene.app.asyncResult(id);
      expect(await result.get({ timeout: 10 })).toBe(5);
      expect((await result.record())?.extended).toEqual(
        isExtended
          ? { name: 'task', args: [2], kwargs: { y: 3 }, worker: 'w1@host', retries: 1, queue: 'other' }
          : undefined,
      );
    }
  });
});

describe('Settings of results that are kept', () => {
  test.each<[string, Duration | undefined, number]>([
    ['60', 60, 60],
    ['a minute', '1m', 60],
    ['a day by default', undefined, 86_400],
  ])('resultExpires %s: a result is gone after that time [ST-029]', async (_, resultExpires, seconds) => {
    await using scene = new WorkerScene({ resultExpires });
    const add = scene.app.task('add', (x: number, y: number) => x + y);
    const worker = await scene.start();
    const { id } = await add.delay(2, 3);
    await scene.app.asyncResult(id).get({ timeout: 10 });
    await worker.stop();
    await scene.clock.advance((seconds - 1) * 1_000);
    expect(await scene.app.asyncResult(id).state()).toBe('SUCCESS');
    await scene.clock.advance(1_000);
    expect(await scene.app.asyncResult(id).state()).toBe('PENDING');
  });

  test.each([0, null])('resultExpires %s: a result is never gone [ST-029]', async (resultExpires) => {
    await using scene = new WorkerScene({ resultExpires });
    const add = scene.app.task('add', (x: number, y: number) => x + y);
    const worker = await scene.start();
    const { id } = await add.delay(2, 3);
    await scene.app.asyncResult(id).get({ timeout: 10 });
    await worker.stop();
    await scene.clock.advance(100 * 86_400_000);
    expect(await scene.app.asyncResult(id).state()).toBe('SUCCESS');
  });
});

describe('Settings of modules', () => {
  test('imports are imported when a worker starts, in their order [ST-020]', async () => {
    const imported: string[] = [];
    await using scene = new WorkerScene({ module: 'file:///shop/app.js', imports: ['./z.js', './a.js'] });
    const worker = scene.worker({ importModule: async (url) => void imported.push(url) });
    expect(imported).toEqual([]);
    await worker.start();
    expect(imported).toEqual(['file:///shop/z.js', 'file:///shop/a.js']);
  });
});

describe('Settings of acknowledgement', () => {
  const failed = (reason: 'thrown' | 'timeout') =>
    ({ kind: 'failure', error: new Error('x'), reason, runtimeMs: 1 }) as const;

  test.each([
    [{}, 'ack', 'ack'],
    [{ taskAcksOnFailureOrTimeout: false }, 'drop', 'requeue'],
    [{ taskAcksOnFailureOrTimeout: false, taskAcksOnFailure: true }, 'ack', 'requeue'],
    [{ taskAcksOnFailureOrTimeout: false, taskAcksOnTimeout: true }, 'drop', 'ack'],
    [{ taskAcksOnFailure: false }, 'drop', 'ack'],
    [{ taskAcksOnTimeout: false }, 'ack', 'requeue'],
    [{ taskAcksOnFailure: null, taskAcksOnTimeout: null }, 'ack', 'ack'],
  ])('%j: a failed task is settled with %s, a timed out one with %s [ST-147, ST-148, ST-149]', async (...row) => {
    const [settings, ofFailure, ofTimeout] = row;
    await using scene = new WorkerScene(settings);
    scene.app.task('task', () => undefined);
    const policy = taskPolicy(scene.app.kernel, definitionOf(scene, 'task'));
    expect(settlementOf(failed('thrown'), policy)).toBe(ofFailure);
    expect(settlementOf(failed('timeout'), policy)).toBe(ofTimeout);
  });

  test('a timed out task is run again with taskAcksOnFailureOrTimeout off [ST-147]', async () => {
    await using scene = new WorkerScene({ taskAcksOnFailureOrTimeout: false, taskTimeLimit: 30 });
    let runs = 0;
    const slow = scene.app.task('slow', () => {
      runs += 1;
      return runs === 1 ? new Promise<string>(() => undefined) : 'second time';
    });
    await scene.start();
    const result = await slow.delay();
    await scene.line(/accepted: slow/);
    await scene.clock.advance(30_000);
    expect(await result.get({ timeout: 10 })).toBe('second time');
  });
});

describe('Settings of time', () => {
  test('taskTimeLimit is the hard limit of tasks that have none [ST-179]', async () => {
    await using scene = new WorkerScene({ taskTimeLimit: 30 });
    const slow = scene.app.task('slow', () => new Promise<void>(() => undefined));
    await scene.start();
    const result = await slow.delay();
    await scene.line(/accepted: slow/);
    await scene.clock.advance(29_999);
    expect(await result.state()).toBe('PENDING');
    await scene.clock.advance(1);
    await expect(result.get({ timeout: 10 })).rejects.toThrow(/30s/);
  });

  test('taskSoftTimeLimit aborts the signal of tasks that have none [ST-178]', async () => {
    await using scene = new WorkerScene({ taskSoftTimeLimit: '20s' });
    const slow = scene.app.task('slow', { bind: true }, async (ctx) => {
      await new Promise<void>((resolve) => ctx.signal.addEventListener('abort', () => resolve()));
      return SoftTimeLimitExceeded.isInstance(ctx.signal.reason);
    });
    await scene.start();
    const result = await slow.delay();
    await scene.line(/accepted: slow/);
    await scene.clock.advance(19_999);
    expect(await result.state()).toBe('PENDING');
    await scene.clock.advance(1);
    expect(await result.get({ timeout: 10 })).toBe(true);
  });

  test.each([
    ['UTC', {}, '2030-01-01T00:00:30'],
    ['the timezone', { timezone: 'Asia/Tokyo' }, '2030-01-01T09:00:30'],
    ['the timezone, also with enableUtc off', { timezone: 'Asia/Tokyo', enableUtc: false }, '2030-01-01T09:00:30'],
    ["the host's zone with enableUtc off", { enableUtc: false }, localText(Date.UTC(2030, 0, 1, 0, 0, 30))],
  ])('an ETA that does not say is in %s [ST-019, ST-022]', async (_, settings, eta) => {
    await using scene = new WorkerScene(settings);
    scene.app.task('add', (x: number, y: number) => x + y);
    await scene.start();
    const result = scene.app.asyncResult(await scene.publishTask('add', [[1, 2], {}, embed], { eta }));
    await scene.line(/received {2}ETA/);
    await scene.clock.advance(29_999);
    expect(await result.state()).toBe('PENDING');
    await scene.clock.advance(1);
    expect(await result.get({ timeout: 10 })).toBe(3);
  });

  test('times of messages are in UTC [ST-019]', async () => {
    await using scene = new WorkerScene({ timezone: 'Asia/Tokyo' });
    const add = scene.app.task('add', (x: number, y: number) => x + y);
    await scene.start();
    await add.applyAsync([1, 2], { countdown: 30 });
    await scene.line(/received {2}ETA:\[2030-01-01T00:00:30(?:\.0+)?\+00:00\]/);
  });
});

describe('Settings of queues and prefetch', () => {
  test('taskDefaultQueue is what a worker consumes, and where tasks go [ST-158]', async () => {
    await using scene = new WorkerScene({ taskDefaultQueue: 'main' });
    const where = scene.app.task('where', { bind: true }, (ctx) => ctx.request.deliveryInfo?.routingKey);
    await scene.start();
    expect(await (await where.delay()).get({ timeout: 10 })).toBe('main');
  });

  test.each([
    [false, 2],
    [true, 8],
  ])('workerDisablePrefetch %s leaves %i of ten messages to others [ST-207]', async (isDisabled, left) => {
    await using scene = new WorkerScene({ workerDisablePrefetch: isDisabled });
    const quick = scene.app.task('quick', () => undefined);
    const open = deferred();
    const slow = scene.app.task('slow', () => open.promise);
    await scene.start({ concurrency: 2 });
    // Short tasks, after which a worker takes as many ahead as it may.
    for (let sent = 0; sent < 20; sent += 1) await (await quick.delay()).get({ timeout: 10 });
    await scene.clock.advance(0);
    const results = await Promise.all(Array.from({ length: 10 }, () => slow.delay()));
    await scene.clock.advance(0);
    expect(await scene.waiting()).toBe(left);
    open.resolve();
    for (const result of results) await result.get({ timeout: 10 });
  });

  test('workerEtaTaskLimit is the most that is held, with those whose ETA is in the future [ST-205, WK-037]', async () => {
    await using scene = new WorkerScene({ broker: withoutDelay(), workerEtaTaskLimit: 3 });
    const add = scene.app.task('add', (x: number, y: number) => x + y);
    await scene.start({ concurrency: 1 });
    for (let sent = 0; sent < 5; sent += 1) await add.applyAsync([1, sent], { countdown: 30 });
    await scene.clock.advance(0);
    expect(await scene.waiting()).toBe(2);
    await scene.clock.advance(30_000);
    await scene.line(/succeeded in [^:]+: 5$/);
  });

  test.each([
    ['its name', ['json']],
    ['its content type', ['application/json']],
  ])('acceptContent names what is read: by %s; everything else is refused [ST-018]', async (_, acceptContent) => {
    await using scene = new WorkerScene({ acceptContent });
    scene.app.task('add', (x: number, y: number) => x + y);
    await scene.start();
    await scene.publish({
      body: Uint8Array.of(0x93),
      contentType: 'application/x-msgpack',
      contentEncoding: 'binary',
      headers: { task: 'add', id: 'refused' },
    });
    expect((await scene.line(/Received invalid task message.*application\/x-msgpack/)).level).toBe('error');
    const id = await scene.publishTask('add', [[1, 2], {}, embed]);
    expect(await scene.app.asyncResult(id).get({ timeout: 10 })).toBe(3);
  });

  test.each([
    ['pickle', /Pickles are refused/],
    ['jsno', /Did you mean json\?/],
  ])(
    'a worker that accepts %s without having it does not start, and loses no message [ST-018, MS-193]',
    async (name, message) => {
      await using scene = new WorkerScene({ acceptContent: ['json', name] });
      expect(() => scene.worker()).toThrow(message);
      expect(() => scene.worker()).toThrow(expect.objectContaining({ code: 'CTQ_SERIALIZER_NOT_INSTALLED' }));
    },
  );

  test('acceptContent without JSON refuses JSON [ST-018]', async () => {
    await using scene = new WorkerScene({ acceptContent: ['msgpack'] });
    scene.app.task('add', (x: number, y: number) => x + y);
    await scene.start();
    await scene.publish({ body: encode([[1, 2], {}, embed]), headers: { task: 'add', id: 'refused' } });
    expect((await scene.line(/Received invalid task message.*application\/json/)).level).toBe('error');
  });
});

describe('Settings of what a worker takes on', () => {
  test('workerConcurrency, workerPrefetchMultiplier and workerPool stand behind its options [ST-188, ST-200, ST-204]', async () => {
    await using scene = new WorkerScene({ workerConcurrency: 2, workerPrefetchMultiplier: 1, worker_pool: 'solo' });
    expect(scene.worker({ pool: 'async' }).pool.size).toBe(2);
    expect(scene.worker({ pool: 'async', concurrency: 5 }).pool.size).toBe(5);
    expect([scene.worker().pool.name, scene.worker({ pool: 'async' }).pool.name]).toEqual(['solo', 'async']);
    const open = deferred();
    const task = scene.app.task('task', () => open.promise);
    await scene.start({ pool: 'async' });
    const results = await Promise.all([task.delay(), task.delay(), task.delay()]);
    for (const { id } of results.slice(0, 2)) await scene.line(new RegExp(`accepted: task\\[${id}`));
    await scene.clock.advance(1_000);
    // Two run, none is held.
    expect(await scene.waiting()).toBe(1);
    open.resolve();
    for (const result of results) await result.get({ timeout: 10 });
  });

  test.each([
    [true, 1],
    [false, 0],
  ])(
    'taskAcksLate %s: of a task that a cold shutdown cuts off, %i message is left [ST-146]',
    async (taskAcksLate, left) => {
      await using scene = new WorkerScene({ taskAcksLate });
      const task = scene.app.task('task', () => new Promise(() => undefined));
      const worker = await scene.start();
      await task.delay();
      await scene.line(/accepted/);
      const ended = worker.terminate();
      await scene.clock.advance(5_000);
      await ended;
      expect(await scene.waiting()).toBe(left);
    },
  );

  test.each([
    [true, 'requeue'],
    [false, 'ack'],
  ])(
    'taskRejectOnWorkerLost %s: the message of a task whose worker was lost [ST-173]',
    async (taskRejectOnWorkerLost, settlement) => {
      await using scene = new WorkerScene({ taskRejectOnWorkerLost });
      scene.app.task('task', () => 1);
      const outcome = { kind: 'failure', error: new Error('gone'), reason: 'worker-lost', runtimeMs: 1 } as const;
      expect(settlementOf(outcome, taskPolicy(scene.app.kernel, definitionOf(scene, 'task')))).toBe(settlement);
    },
  );
});

describe('Settings of connecting', () => {
  test.each([
    [undefined, 101],
    [2, 3],
  ])('brokerConnectionMaxRetries %s: a worker gives up after %i attempts [ST-054, WK-051]', async (given, made) => {
    const { transport, attempts } = away();
    await using scene = new WorkerScene({ broker: transport, brokerConnectionMaxRetries: given });
    const ending = endOf(scene.worker().start());
    while (attempts() < made) await scene.clock.advance(30_000);
    expect(await ending).toContain('Nobody is there.');
    await scene.clock.advance(60_000);
    expect(attempts()).toBe(made);
  });

  test.each([0, null])('brokerConnectionMaxRetries %s: it goes on trying [ST-054, WK-051]', async (given) => {
    const { transport, attempts } = away();
    await using scene = new WorkerScene({ broker: transport, brokerConnectionMaxRetries: given });
    const worker = scene.worker();
    const ending = endOf(worker.start());
    while (attempts() < 150) await scene.clock.advance(30_000);
    await worker.stop(scene.after(0));
    expect(await ending).not.toBe('started');
  });

  test('brokerConnectionRetryOnStartup false: a worker that finds no broker does not start [ST-053, WK-048]', async () => {
    const { transport, attempts } = away();
    await using scene = new WorkerScene({ broker: transport, brokerConnectionRetryOnStartup: false });
    expect(await endOf(scene.worker().start())).toContain('Nobody is there.');
    expect(attempts()).toBe(1);
  });

  test('brokerConnectionRetryOnStartup true: it waits for the broker, also without brokerConnectionRetry [ST-053, WK-048]', async () => {
    const { transport, attempts, comeBack } = away();
    const settings = { brokerConnectionRetry: false, brokerConnectionRetryOnStartup: true };
    await using scene = new WorkerScene({ broker: transport, ...settings });
    const ending = endOf(scene.worker().start());
    while (attempts() < 5) await scene.clock.advance(30_000);
    comeBack();
    await scene.clock.advance(30_000);
    expect(await ending).toBe('started');
  });

  test.each([
    [{ brokerChannelErrorRetry: true }, 'started'],
    [{}, 'TopologyMismatchError'],
    [{ brokerChannelErrorRetry: true, brokerConnectionRetry: false }, 'TopologyMismatchError'],
  ])('%j: a worker whose queue is refused [ST-055, WK-056]', async (settings, end) => {
    const broker = new MemoryBroker();
    await broker.topology.saveQueue({ name: 'celery', durable: false, exclusive: false, autoDelete: false });
    await using scene = new WorkerScene({ broker: memoryTransport({ broker }), ...settings });
    const ending = endOf(scene.worker().start());
    await scene.clock.advance(5_000);
    await broker.topology.deleteQueue('celery');
    await scene.clock.advance(60_000);
    expect(await ending).toContain(end);
  });
});

describe('A worker that receives nothing although messages wait', () => {
  test.each([
    [{}, 120_000],
    [{ workerMaxSilentTime: 10 }, 10_000],
  ])('with %j consumes anew, reconnects, and cannot go on', async (settings, silentMs) => {
    await using scene = new WorkerScene({ broker: deaf(), ...settings });
    const worker = await scene.start();
    await scene.app.sendTask('add', [1, 2]);
    let isOver = false;
    const failed = worker.failed.then((error) => {
      isOver = true;
      return error;
    });
    await scene.clock.advance(silentMs + 5_000);
    await scene.line(/Nothing was received for \S+ although messages wait in 'celery'; consuming anew/);
    await scene.clock.advance(silentMs + 5_000);
    await scene.line(/Lost the connection/);
    expect(isOver).toBe(false);
    await scene.clock.advance(silentMs + 6_000);
    expect(await failed).toMatchObject({ code: 'CTQ_CONSUMER_STUCK' });
  });

  test.each([null, 0])('with workerMaxSilentTime %s waits for ever', async (workerMaxSilentTime) => {
    await using scene = new WorkerScene({ broker: deaf(), workerMaxSilentTime });
    await scene.start();
    await scene.app.sendTask('add', [1, 2]);
    await scene.clock.advance(3_600_000);
    expect(scene.lines.filter(({ level }) => level === 'warn')).toEqual([]);
  });

  test('because its slots are taken is left alone', async () => {
    await using scene = new WorkerScene();
    const open = deferred();
    const task = scene.app.task('task', () => open.promise);
    await scene.start({ concurrency: 2, prefetchMultiplier: 1 });
    const results = await Promise.all([task.delay(), task.delay(), task.delay()]);
    await scene.clock.advance(3_600_000);
    expect(scene.lines.filter(({ level }) => level === 'warn')).toEqual([]);
    expect(await scene.waiting()).toBe(1);
    open.resolve();
    for (const result of results) await result.get({ timeout: 10 });
  });
});

function definitionOf({ app }: WorkerScene, name: string): TaskDefinition {
  return app.kernel.registry.get(name);
}

/** The message of the error that a start ends with. */
function endOf(start: Promise<void>): Promise<string> {
  return start.then(
    () => 'started',
    (error: unknown) => String(error),
  );
}

/** A wall clock's text on this host. */
function localText(at: number): string {
  const date = new Date(at);
  const two = (value: number): string => String(value).padStart(2, '0');
  return (
    `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}` +
    `T${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
  );
}

function withoutDelay(): Transport {
  const inner = memoryTransport();
  return {
    ...inner,
    supports: { ...inner.supports, delay: false },
    connect: (context, signal) => inner.connect(context, signal),
  };
}

/** A broker that is not there. */
function away(): {
  readonly transport: Transport;
  readonly attempts: () => number;
  readonly comeBack: () => void;
} {
  const inner = memoryTransport();
  let attempts = 0;
  let isBack = false;
  return {
    attempts: () => attempts,
    comeBack: () => {
      isBack = true;
    },
    transport: {
      ...inner,
      connect: (context, signal) => {
        attempts += 1;
        if (isBack) return inner.connect(context, signal);
        return Promise.reject(new TransportConnectionError('Nobody is there.', { recoverable: true }));
      },
    },
  };
}
