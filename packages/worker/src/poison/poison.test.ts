import { type AppOptions, type CallOptions, chord, type Crash } from '@ctq/core';
import { memoryBackend } from '@ctq/core/backend';
import { deferred } from '@ctq/runtime';
import { describe, expect, test } from 'vitest';
import { ObservedScene } from '../__fixtures__/observed-scene.js';
import { markOf, workerDies } from '../__fixtures__/worker-dies.js';
import { WorkerScene } from '../__fixtures__/worker-scene.js';

const alone = (): 'alone' => 'alone';

const recordOf = async (scene: WorkerScene, id: string) => (await scene.app.kernel.crashes.find(id)).record;

describe('A message that is delivered for the first time', () => {
  test('runs without a word to the store', async () => {
    await using scene = new ObservedScene();
    const add = scene.app.task('add', (x: number, y: number) => x + y);
    await scene.start();
    scene.asked.length = 0;
    expect(await (await add.delay(1, 2)).get()).toBe(3);
    expect(scene.asked).toEqual([]);
  });
});

describe('A message that is delivered again', () => {
  test('runs beside others where nobody had begun it, marked for as long as it runs', async () => {
    await using scene = new WorkerScene();
    const marked = deferred<unknown>();
    const both = deferred();
    let running = 0;
    const task = scene.app.task('task', { bind: true }, async (ctx) => {
      running += 1;
      if (running === 2) both.resolve();
      await both.promise;
      marked.resolve(await recordOf(scene, ctx.request.id));
    });
    const results = [await task.delay(), await task.delay()];
    await workerDies(scene, () => 'not begun');
    await scene.start();
    for (const result of results) await result.get();
    expect(await marked.promise).toMatchObject({ crashes: [], running: { worker: 'w1@host', isAlone: false } });
    for (const { id } of results) expect(await recordOf(scene, id)).toEqual({ crashes: [] });
  });

  test('runs alone where it was running when its process ended, and others wait', async () => {
    await using scene = new WorkerScene();
    const journal: string[] = [];
    const gates = new Map(['a', 'b', 'c'].map((name) => [name, deferred()]));
    const begun = new Map(['a', 'b', 'c'].map((name) => [name, deferred()]));
    const task = scene.app.task('task', async (name: string) => {
      journal.push(`${name} begins`);
      begun.get(name)?.resolve();
      await gates.get(name)?.promise;
      journal.push(`${name} ends`);
    });
    await task.delay('b');
    await workerDies(scene, () => 'beside others');
    await task.delay('a');
    await scene.start({ concurrency: 10 });
    await begun.get('a')?.promise;
    expect((await scene.line(/it runs again, alone/)).level).toBe('warn');
    const last = await task.delay('c');
    gates.get('c')?.resolve();
    await scene.line(new RegExp(`${last.id}.* received`));
    gates.get('a')?.resolve();
    await begun.get('b')?.promise;
    expect(journal).toEqual(['a begins', 'a ends', 'b begins']);
    gates.get('b')?.resolve();
    await last.get();
    expect(journal).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
  });

  test('is not blamed for what happened beside it, however often', async () => {
    await using scene = new WorkerScene();
    const task = scene.app.task('task', () => 'done');
    const results = [await task.delay(), await task.delay()];
    for (let times = 0; times < 10; times += 1) await workerDies(scene, () => 'beside others');
    await scene.start();
    for (const result of results) expect(await result.get()).toBe('done');
    expect(await scene.app.quarantine().list()).toEqual([]);
    for (const { id } of results) expect(await recordOf(scene, id)).toEqual({ crashes: [] });
  });

  test('that is given back by a stopping worker is not marked any more', async () => {
    await using scene = new WorkerScene();
    const begun = deferred();
    const task = scene.app.task('task', () => {
      begun.resolve();
      return new Promise<never>(() => undefined);
    });
    const { id } = await task.delay();
    await workerDies(scene, () => 'not begun');
    const worker = await scene.start();
    await begun.promise;
    expect((await recordOf(scene, id)).running?.worker).toBe('w1@host');
    await worker.stop(scene.after(0));
    expect(await recordOf(scene, id)).toEqual({ crashes: [] });
    expect(await scene.waiting()).toBe(1);
  });

  test('and was taken from a worker that lives leaves no crash behind when that one is done', async () => {
    await using scene = new WorkerScene();
    const begun = deferred();
    const go = deferred();
    const task = scene.app.task('task', async () => {
      begun.resolve();
      await go.promise;
    });
    const { id } = await task.delay();
    await workerDies(scene, () => 'not begun');
    await scene.start();
    await begun.promise;
    // Another worker was given the message meanwhile, and took the silence of this one for its end.
    const { crashes } = scene.app.kernel;
    const { record, version } = await crashes.find(id);
    const accusation = { ...record.running, noticedAt: 2 } as Crash;
    const running = markOf(true);
    await crashes.put(id, version, { crashes: [accusation], running });
    go.resolve();
    await scene.app.asyncResult(id).get();
    expect(await recordOf(scene, id)).toEqual({ crashes: [], running });
  });

  test('runs as any other in an app without a store, which is said once', async () => {
    await using scene = new WorkerScene({ backend: withoutStore() });
    const task = scene.app.task('task', () => 'done');
    const results = [await task.delay(), await task.delay()];
    await workerDies(scene, () => 'not begun');
    await scene.start();
    for (const result of results) expect(await result.get()).toBe('done');
    const told = scene.lines.filter(({ message }) => message.includes('nobody counts which tasks end their process'));
    expect(told.map(({ level }) => level)).toEqual(['warn']);
  });
});

describe('In an app without a store', () => {
  test('what the broker has delivered twenty times and never saw the end of goes into quarantine', async () => {
    await using scene = new WorkerScene({ backend: withoutStore() });
    const runs: number[] = [];
    const task = scene.app.task('task', () => runs.push(1));
    const result = await task.delay();
    for (let times = 0; times < 20; times += 1) await returned(scene);
    await scene.start();
    expect(String(await result.get().catch((error: unknown) => error))).toContain('was delivered again and again');
    expect(runs).toEqual([]);
    const kept = await scene.app.quarantine('celery').list();
    expect(kept.map(({ id }) => id)).toEqual([result.id]);
  });

  test('what was delivered less often runs', async () => {
    await using scene = new WorkerScene({ backend: withoutStore() });
    const task = scene.app.task('task', () => 'done');
    const result = await task.delay();
    for (let times = 0; times < 19; times += 1) await returned(scene);
    await scene.start();
    expect(await result.get()).toBe('done');
  });
});

/** Somebody was given the message, and has died. */
async function returned({ app }: WorkerScene): Promise<void> {
  await using connection = await app.connect();
  const channel = await connection.openChannel();
  await (await channel.get('celery'))?.reject({ requeue: true });
}

describe('A task that ends its process, alone, again and again', () => {
  async function poisoned(options: CallOptions = {}, appOptions: AppOptions = {}) {
    const scene = new WorkerScene(appOptions);
    const runs: unknown[] = [];
    const errbacks = deferred<unknown>();
    const poison = scene.app.task('poison', (...args: unknown[]) => void runs.push(args));
    const alarm = scene.app.task('alarm', (id: string) => errbacks.resolve(id));
    const result = await poison.applyAsync(['ä', { deep: [1, null] }], { linkError: alarm.s(), ...options });
    return { scene, runs, errbacks, result, [Symbol.asyncDispose]: () => scene[Symbol.asyncDispose]() };
  }

  test('is put into quarantine as it was sent; its caller, errbacks and signals are told', async () => {
    await using call = await poisoned({ expires: '1h', priority: 4, headers: { tenant: 'x' } });
    const { scene, runs, result } = call;
    const sent = await peek(scene, 'celery');
    for (let times = 0; times < 3; times += 1) await workerDies(scene, alone);
    const told = deferred<unknown>();
    scene.app.signals.taskQuarantined.connect(({ task, id, queue, crashes, hostname }) =>
      told.resolve({ task, id, queue, crashes: crashes.length, hostname }),
    );
    await scene.start();
    const error = (await result.get().catch((thrown: unknown) => thrown)) as Error;
    expect(error).toBeInstanceOf(Error);
    expect(error.message).toContain(
      `poison[${result.id}] took its process down 3 times while it ran alone. It is not run again; its message is in the queue celery.dlq.`,
    );
    expect(await told.promise).toEqual({
      task: 'poison',
      id: result.id,
      queue: 'celery.dlq',
      crashes: 3,
      hostname: 'w1@host',
    });
    expect(await call.errbacks.promise).toBe(result.id);
    expect(runs).toEqual([]);
    expect((await scene.line(/took its process down/)).level).toBe('error');

    const found = await scene.app.quarantine().list();
    expect(found).toMatchObject([
      {
        id: result.id,
        task: 'poison',
        queue: 'celery',
        reason: 'crashed',
        history: [
          { event: 'crash', worker: 'dead@host', isAlone: true },
          { event: 'crash', worker: 'dead@host', isAlone: true },
          { event: 'crash', worker: 'dead@host', isAlone: true },
          { event: 'quarantined', worker: 'w1@host' },
        ],
      },
    ]);
    const kept = found[0]?.message;
    expect(Buffer.from(kept?.body ?? [])).toEqual(Buffer.from(sent.body));
    const { 'ctq-quarantine': _, ...headers } = kept?.headers ?? {};
    // Its time to live does not run meanwhile.
    const { expiration, ...properties } = sent.properties;
    expect(expiration).toBe('3600000');
    expect({ ...kept, headers, body: sent.body }).toEqual({ ...sent, properties });
    await scene.app.quarantine().redrive('all');
    await scene.line(/poison.*succeeded/);
    expect(runs).toEqual([['ä', { deep: [1, null] }]]);
    expect(await recordOf(scene, result.id)).toEqual({ crashes: [] });
    expect(await scene.waiting()).toBe(0);
  });

  test('tells the chord that waits for it', async () => {
    await using scene = new WorkerScene();
    const poison = scene.app.task('poison', () => 1);
    const good = scene.app.task('good', () => 2);
    const sum = scene.app.task('sum', (all: unknown[]) => all.length);
    const result = await chord([poison.s().set({ queue: 'bad' }), good.s()], sum.s()).delay();
    for (let times = 0; times < 3; times += 1) await workerDies(scene, alone, 'bad');
    await scene.start({ queues: ['celery', 'bad'] });
    await expect(result.get()).rejects.toThrow(/took its process down 3 times/);
    expect(await scene.app.quarantine('bad').list()).toHaveLength(1);
  });

  test('runs as long as that was not too often', async () => {
    await using call = await poisoned();
    for (let times = 0; times < 2; times += 1) await workerDies(call.scene, alone);
    await call.scene.start();
    await call.result.get();
    expect(call.runs).toHaveLength(1);
  });

  test.each([
    ['taskMaxCrashes of the app', { taskMaxCrashes: 1 }, {}],
    ['its own maxCrashes, before that of the app', { taskMaxCrashes: 9 }, { maxCrashes: 1 }],
  ])('may do so as often as %s says', async (_what, appOptions, options) => {
    await using scene = new WorkerScene(appOptions);
    const task = scene.app.task('task', options, () => 1);
    const result = await task.delay();
    await workerDies(scene, alone);
    await scene.start();
    await expect(result.get()).rejects.toThrow(/took its process down once/);
  });

  test('does so for ever with taskMaxCrashes null', async () => {
    await using call = await poisoned({}, { taskMaxCrashes: null });
    for (let times = 0; times < 10; times += 1) await workerDies(call.scene, alone);
    await call.scene.start();
    await call.result.get();
    expect(call.runs).toHaveLength(1);
  });

  test('is put where taskQuarantineQueue says', async () => {
    await using call = await poisoned({}, { taskQuarantineQueue: 'bad-{queue}-messages' });
    for (let times = 0; times < 3; times += 1) await workerDies(call.scene, alone);
    await call.scene.start();
    await expect(call.result.get()).rejects.toThrow('bad-celery-messages');
    expect(await call.scene.waiting('bad-celery-messages')).toBe(1);
  });

  test('runs again with a clean sheet when it is sent back, and keeps its history', async () => {
    await using call = await poisoned();
    const { scene, runs, result } = call;
    for (let times = 0; times < 3; times += 1) await workerDies(scene, alone);
    const worker = await scene.start();
    await expect(result.get()).rejects.toThrow('took its process down');
    await call.errbacks.promise;
    await worker.stop();
    const quarantine = scene.app.quarantine();
    expect(await quarantine.redrive(['another'])).toEqual([]);
    expect(await quarantine.redrive('all')).toEqual([result.id]);
    expect(await quarantine.list()).toEqual([]);

    for (let times = 0; times < 3; times += 1) await workerDies(scene, alone);
    const next = scene.worker({ hostname: 'w2@host' });
    const told = deferred();
    scene.app.signals.taskQuarantined.connect(() => told.resolve());
    await next.start();
    await told.promise;
    await next.stop();
    expect(runs).toEqual([]);
    const events = (await quarantine.show(result.id))?.history.map(({ event }) => event);
    const once = ['crash', 'crash', 'crash', 'quarantined'];
    expect(events).toEqual([...once, 'redriven', ...once]);

    await quarantine.redrive([result.id]);
    await scene.start();
    await scene.line(/poison.*succeeded/);
    expect(runs).toEqual([['ä', { deep: [1, null] }]]);
  });
});

/** A backend that has no key-value store beside it. */
function withoutStore() {
  return Object.assign(memoryBackend(), { keyValueStore: undefined });
}

/** The first message of a queue, which stays there. */
async function peek(scene: WorkerScene, queue: string) {
  await using connection = await scene.app.connect();
  const channel = await connection.openChannel();
  const delivery = await channel.get(queue);
  await channel.close();
  if (delivery === undefined) throw new Error(`Nothing waits in ${queue}.`);
  return delivery.message;
}
