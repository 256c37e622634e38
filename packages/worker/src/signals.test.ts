import { Ctq, currentTask, Ignore, Reject, type SignalEvents } from '@ctq/core';
import { BackendStoreError, memoryBackend } from '@ctq/core/backend';
import { memoryTransport } from '@ctq/messaging';
import { Deadline } from '@ctq/runtime';
import { describe, expect, test } from 'vitest';
import { encode, WorkerScene } from './__fixtures__/worker-scene.js';
import { Worker } from './worker.js';

type Name = keyof SignalEvents;
const ofRuns = ['taskPrerun', 'taskPostrun', 'taskSuccess', 'taskRetry', 'taskFailure'] as const;
const ofTasks = [
  ...(['beforeTaskPublish', 'afterTaskPublish', 'taskReceived'] as const),
  ...ofRuns,
  ...(['taskInternalError', 'taskRevoked', 'taskUnknown', 'taskRejected'] as const),
];
const ofWorkers = ['workerInit', 'workerAfterSetup', 'workerReady', 'workerShuttingDown', 'workerShutdown'] as const;

/** Notes the signals of an app. */
function record(app: Ctq, names: readonly Name[] = ofTasks) {
  const told: { readonly name: Name; readonly event: SignalEvents[Name] }[] = [];
  for (const name of names) app.signals[name].connect((event: SignalEvents[Name]) => void told.push({ name, event }));
  return {
    told,
    names: () => told.map(({ name }) => name),
    eventOf: <N extends Name>(name: N): SignalEvents[N] | undefined =>
      told.find((one) => one.name === name)?.event as SignalEvents[N] | undefined,
  };
}

describe('The signals of a task', () => {
  test('are told at their moments, in their order [SG-013, SG-014, SG-016, SG-017, SG-018, SG-019]', async () => {
    await using scene = new WorkerScene();
    const add = scene.app.task('add', (x: number, y: number) => x + y);
    const { names, eventOf } = record(scene.app);
    await scene.start();
    const result = await add.applyAsync([2, 3], { headers: { tenant: 7 } });
    expect(await result.get({ timeout: 10 })).toBe(5);
    await scene.clock.advance(0);
    expect(names()).toEqual([
      ...['beforeTaskPublish', 'afterTaskPublish', 'taskReceived'],
      ...['taskPrerun', 'taskSuccess', 'taskPostrun'],
    ]);
    const task = { sender: 'add', task: 'add', id: result.id };
    const headers = expect.objectContaining({ task: 'add', id: result.id, tenant: 7 });
    const route = { exchange: '', routingKey: 'celery' };
    const published = { ...task, body: expect.any(Uint8Array), headers, properties: expect.any(Object), route };
    const policy = expect.objectContaining({ maxRetries: 3 });
    expect(eventOf('beforeTaskPublish')).toEqual({ ...published, declare: expect.any(Array), retryPolicy: policy });
    expect(eventOf('afterTaskPublish')).toEqual(published);
    expect(eventOf('taskReceived')).toMatchObject({ ...task, hostname: 'w1@host', dueAt: undefined });
    expect(eventOf('taskPrerun')).toMatchObject({ ...task, args: [2, 3], kwargs: {} });
    expect(eventOf('taskSuccess')).toMatchObject({ ...task, value: 5 });
    expect(eventOf('taskPostrun')).toMatchObject({ ...task, value: 5, state: 'SUCCESS', args: [2, 3], kwargs: {} });
    expect(eventOf('taskPrerun')?.context.request.id).toBe(result.id);
  });

  test('before a publish may change what is sent along [SG-013]', async () => {
    await using scene = new WorkerScene();
    const tenants = scene.app.task('tenants', { bind: true }, (ctx) => ctx.request.headers['tenant']);
    scene.app.signals.beforeTaskPublish.connect(({ headers, properties }) => {
      headers['tenant'] = 'acme';
      properties.priority = 7;
    });
    const { eventOf } = record(scene.app, ['taskReceived']);
    await scene.start();
    expect(await (await tenants.delay()).get({ timeout: 10 })).toBe('acme');
    expect(eventOf('taskReceived')?.deliveryInfo.priority).toBe(7);
  });

  test('are heard by sender [SG-010]', async () => {
    await using scene = new WorkerScene();
    const [one, other] = ['one', 'other'].map((name) => scene.app.task(name, () => name));
    const heard: string[] = [];
    scene.app.signals.taskSuccess.connect(({ task }) => void heard.push(task), { sender: 'one' });
    await scene.start();
    await (await other?.delay())?.get({ timeout: 10 });
    await (await one?.delay())?.get({ timeout: 10 });
    await scene.clock.advance(0);
    expect(heard).toEqual(['one']);
  });

  test('after a failure tell its error [SG-018, SG-021]', async () => {
    await using scene = new WorkerScene();
    const error = new RangeError('too far');
    const boom = scene.app.task('boom', (_: number) => {
      throw error;
    });
    const { names, eventOf } = record(scene.app, ofRuns);
    await scene.start();
    await expect((await boom.delay(1)).get({ timeout: 10 })).rejects.toThrow('too far');
    await scene.clock.advance(0);
    expect(names()).toEqual(['taskPrerun', 'taskFailure', 'taskPostrun']);
    expect(eventOf('taskFailure')).toMatchObject({ task: 'boom', args: [1] });
    expect(eventOf('taskFailure')?.error).toBe(error);
    expect(eventOf('taskPostrun')).toMatchObject({ state: 'FAILURE', value: error });
  });

  test('after an attempt that is repeated tell why [SG-018, SG-020]', async () => {
    await using scene = new WorkerScene();
    const error = new Error('not yet');
    const flaky = scene.app.task('flaky', { bind: true }, (ctx) => {
      if (ctx.request.retries === 0) ctx.retry({ countdown: 0, error });
      return 'done';
    });
    const { names, eventOf } = record(scene.app, ofRuns);
    await scene.start();
    expect(await (await flaky.delay()).get({ timeout: 10 })).toBe('done');
    await scene.clock.advance(0);
    expect(names().filter((name) => name !== 'taskPrerun')).toEqual([
      ...['taskRetry', 'taskPostrun', 'taskSuccess', 'taskPostrun'],
    ]);
    expect(eventOf('taskRetry')).toMatchObject({ task: 'flaky', error });
    expect(eventOf('taskPostrun')).toMatchObject({ state: 'RETRY', value: eventOf('taskRetry')?.retry });
  });

  test.each([
    ['IGNORED', new Ignore()],
    ['REJECTED', new Reject('no', { requeue: false })],
  ])('end with %s for a task that leaves that way [SG-018]', async (state, directive) => {
    await using scene = new WorkerScene();
    const leaving = scene.app.task('leaving', () => {
      throw directive;
    });
    const { names, eventOf } = record(scene.app, ofRuns);
    await scene.start();
    await leaving.delay();
    await scene.line(/ignored|reject requeue/);
    await scene.clock.advance(0);
    expect(names()).toEqual(['taskPrerun', 'taskPostrun']);
    expect(eventOf('taskPostrun')).toMatchObject({ state, value: directive });
  });

  test('come around the hooks of the task, as in Celery [SG-017, SG-018, SG-019]', async () => {
    await using scene = new WorkerScene();
    const order: string[] = [];
    const note = (what: string) => (): void => void order.push(what);
    const hooks = { beforeStart: note('beforeStart'), onSuccess: note('onSuccess'), afterReturn: note('afterReturn') };
    const task = scene.app.task('task', hooks, () => void order.push('runs'));
    for (const name of ofRuns) scene.app.signals[name].connect(note(name));
    await scene.start();
    await (await task.delay()).get({ timeout: 10 });
    await scene.clock.advance(0);
    expect(order).toEqual([
      ...['taskPrerun', 'beforeStart', 'runs', 'onSuccess', 'taskSuccess', 'afterReturn', 'taskPostrun'],
    ]);
  });

  test('are waited for by the task, and told inside of it [SG-017]', async () => {
    await using scene = new WorkerScene();
    const order: (string | undefined)[] = [];
    scene.app.signals.taskPrerun.connect(async () => {
      await Promise.resolve();
      order.push(currentTask()?.request.task);
    });
    const task = scene.app.task('task', () => void order.push('runs'));
    await scene.start();
    await (await task.delay()).get({ timeout: 10 });
    expect(order).toEqual(['task', 'runs']);
  });

  test('whose receiver fails change nothing for the task [SG-006]', async () => {
    await using scene = new WorkerScene();
    for (const name of ofTasks)
      scene.app.signals[name].connect(() => {
        throw new Error(`${name} is broken`);
      });
    const add = scene.app.task('add', (x: number, y: number) => x + y);
    await scene.start();
    expect(await (await add.delay(2, 3)).get({ timeout: 10 })).toBe(5);
    await scene.line(/receiver of the signal taskPostrun failed/);
    expect(await scene.waiting()).toBe(0);
  });

  test('tell of a call that expired [SG-023]', async () => {
    await using scene = new WorkerScene();
    const late = scene.app.task('late', () => 'ran');
    const { names, eventOf } = record(scene.app, ['taskReceived', 'taskPrerun', 'taskRevoked']);
    const result = await late.applyAsync([], { expires: 10 });
    await scene.clock.advance(10_000);
    await scene.start();
    await expect(result.get({ timeout: 10 })).rejects.toThrow('expired');
    expect(names()).toEqual(['taskRevoked']);
    expect(eventOf('taskRevoked')).toMatchObject({
      ...{ task: 'late', id: result.id, hostname: 'w1@host' },
      ...{ terminated: false, signum: null, expired: true },
    });
  });

  test('tell when a call with a due time comes in [SG-016]', async () => {
    await using scene = new WorkerScene();
    const later = scene.app.task('later', () => 'ran');
    const { eventOf } = record(scene.app, ['taskReceived']);
    await scene.start();
    const dueAt = scene.clock.now() + 60_000;
    await later.applyAsync([], { eta: new Date(dueAt) });
    await scene.line(/received {2}ETA/);
    expect(eventOf('taskReceived')?.dueAt).toBe(dueAt);
  });

  test('tell of a task that nobody here has [SG-024]', async () => {
    await using scene = new WorkerScene();
    const { names, eventOf } = record(scene.app, ['taskReceived', 'taskUnknown', 'taskRejected']);
    await scene.start();
    const id = await scene.publishTask('nobody.knows', [[], {}, {}]);
    await scene.line(/unregistered task/);
    expect(names()).toEqual(['taskUnknown']);
    const { error, message, ...event } = eventOf('taskUnknown') ?? {};
    expect(event).toMatchObject({ sender: 'w1@host', task: 'nobody.knows', id });
    expect([error?.message, message?.headers['task']]).toEqual([
      expect.stringContaining('nobody.knows'),
      'nobody.knows',
    ]);
  });

  test.each([
    ['no call at all', { body: encode({ some: 'thing' }) }],
    ['a call that cannot be run', { body: encode('{}'), headers: { task: 'add', id: 'x' } }],
    ['bytes that cannot be read', { body: encode('{'), headers: { task: 'add', id: 'x' } }],
  ])('tell of %s [SG-025]', async (_, message) => {
    await using scene = new WorkerScene();
    scene.app.task('add', () => 1);
    const { names, eventOf } = record(scene.app, ['taskReceived', 'taskUnknown', 'taskRejected']);
    await scene.start();
    await scene.publish(message);
    await scene.line(/unknown message|invalid task message|Can't decode/);
    expect(names()).toEqual(['taskRejected']);
    expect(eventOf('taskRejected')).toMatchObject({ sender: 'w1@host', route: { routingKey: 'celery' } });
    expect(eventOf('taskRejected')?.error).toBeInstanceOf(Error);
  });

  test('tell of an outcome that could not be stored [SG-022]', async () => {
    const backend = memoryBackend();
    let isAway = true;
    const store = backend.store.bind(backend);
    backend.store = (records) =>
      isAway ? Promise.reject(new BackendStoreError('The store is away.', { recoverable: true })) : store(records);
    await using scene = new WorkerScene({ backend });
    const again = scene.app.task('again', () => 'kept');
    const { eventOf } = record(scene.app, ['taskInternalError', 'taskSuccess']);
    scene.app.signals.taskInternalError.connect(() => {
      isAway = false;
    });
    await scene.start();
    const result = await again.delay();
    await scene.line(/Couldn't make the outcome/);
    await scene.clock.advance(120_000);
    expect(await result.get({ timeout: 10 })).toBe('kept');
    expect(eventOf('taskInternalError')).toMatchObject({ task: 'again', id: result.id, hostname: 'w1@host' });
    expect(eventOf('taskInternalError')?.error.message).toBe('The store is away.');
  });

  test('are told of eager calls as well, but for those about messages [SG-017, SG-018, SG-019]', async () => {
    await using app = new Ctq('eager', { taskAlwaysEager: true });
    const add = app.task('add', (x: number, y: number) => x + y);
    const { names } = record(app);
    await add.delay(2, 2);
    expect(names()).toEqual(['taskPrerun', 'taskSuccess', 'taskPostrun']);
  });
});

describe('The signals of a worker', () => {
  test('tell its life, with itself, and once [SG-031, SG-032, SG-033, SG-037, SG-039, SG-040]', async () => {
    await using scene = new WorkerScene();
    const { told, eventOf } = record(scene.app, [...ofWorkers, 'importModules']);
    const worker = await scene.start({ queues: ['sums'] });
    await worker.stop(scene.after(1_000), { signal: 'SIGTERM' });
    await worker.stop(scene.after(1_000));
    expect(told.map(({ name, event }) => [name, event.sender])).toEqual([
      ['workerInit', 'w1@host'],
      ['importModules', 'test'],
      ...['workerAfterSetup', 'workerReady', 'workerShuttingDown', 'workerShutdown'].map((name) => [name, 'w1@host']),
    ]);
    expect(eventOf('workerShuttingDown')).toMatchObject({ how: 'warm', signal: 'SIGTERM' });
    expect(eventOf('workerReady')?.worker).toBe(worker);
    expect(eventOf('workerAfterSetup')?.worker.queues.map(({ name }) => name)).toEqual(['sums']);
  });

  test.each(['solo', 'async'])(
    'tell of the place in which tasks run, which is the worker itself: %s [SG-035, SG-036]',
    async (pool) => {
      await using scene = new WorkerScene();
      const { told, names } = record(scene.app, [...ofWorkers, 'workerProcessInit', 'workerProcessShutdown']);
      const worker = await scene.start({ pool });
      expect(names()).toEqual(['workerInit', 'workerAfterSetup', 'workerProcessInit', 'workerReady']);
      await worker.stop();
      expect(names().slice(4)).toEqual(['workerShuttingDown', 'workerProcessShutdown', 'workerShutdown']);
      expect(told[2]?.event).toEqual({ sender: 'w1@host', pid: process.pid });
    },
  );

  test('tell that a cold shutdown follows a warm one [SG-039]', async () => {
    await using scene = new WorkerScene();
    const endless = scene.app.task('endless', () => new Promise<never>(() => undefined));
    const { told } = record(scene.app, ['workerShuttingDown']);
    const worker = await scene.start();
    await endless.delay();
    await scene.line(/accepted/);
    const stopped = worker.stop();
    const ended = worker.terminate();
    await scene.clock.advance(5_000);
    await Promise.all([stopped, ended]);
    expect(told.map(({ event }) => 'how' in event && event.how)).toEqual(['warm', 'cold']);
  });

  test('are for whoever gives one of them its settings [SG-027, SG-028, SG-031]', async () => {
    await using app = new Ctq('hosts', { broker: memoryTransport(), backend: memoryBackend() });
    app.signals.workerInit.connect(() => app.configFromObject({ workerConcurrency: 3 }), { sender: 'big@host' });
    app.signals.configuring.connect(() => app.configFromObject({ taskDefaultQueue: 'sums' }));
    const { told } = record(app, ['configuring', 'configured']);
    const worker = new Worker(app, { hostname: 'big@host' });
    expect([worker.pool.size, worker.queues.map(({ name }) => name)]).toEqual([3, ['sums']]);
    expect(told).toEqual([
      { name: 'configuring', event: { sender: 'hosts' } },
      { name: 'configured', event: { sender: 'hosts', settings: app.settings } },
    ]);
  });

  test('about its modules may add some, and end the start by an error [SG-026]', async () => {
    await using app = new Ctq('modules', { broker: memoryTransport(), backend: memoryBackend() });
    app.signals.importModules.connect(() => Promise.reject(new Error('no such plugin')));
    const worker = new Worker(app, { hostname: 'w1@host' });
    await expect(worker.start()).rejects.toThrow('no such plugin');
    await worker.stop(Deadline.after(1_000));
  });

  test('are not told of one that was never started', async () => {
    await using scene = new WorkerScene();
    const { names } = record(scene.app, ofWorkers);
    const worker = scene.worker();
    await worker.stop();
    expect(names()).toEqual(['workerInit']);
  });
});
