import { chord, Ctq, RemoteError } from '@ctq/core';
import { redisBackend } from '@ctq/backend-redis';
import { Deadline } from '@ctq/runtime';
import { describeWith } from '@ctq/test-services/vitest';
import { redis } from '@ctq/transport-redis';
import { Worker } from '@ctq/worker';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PythonClient, type PythonNode, PythonWorker, pythonWithCelery } from './python.js';

const soon = { timeout: '20s' } as const;
const inPython = (name: string, ...args: unknown[]): PythonNode => ['task', name, args, { queue: 'python' }];

describeWith('redis', 'Celery and ctq on one Redis', (url) => {
  const server = new URL(url);
  const at = (db: number): string => `redis://${server.host}/${db}`;
  // Databases of their own: `unacked` is the broker's, and other suites of this server have their own.
  const site = { broker: at(14), backend: at(15) };
  const executed: [string, number][] = [];
  const app = new Ctq('interop', {
    broker: redis({ url: site.broker, visibilityTimeout: 5 }),
    backend: redisBackend({ url: site.backend }),
    taskDefaultQueue: 'typescript',
  });
  const add = app.task('typescript.add', (x: number, y: number) => x + y);
  const total = app.task('typescript.total', (numbers: readonly number[]) =>
    numbers.reduce((sum, one) => sum + one, 0),
  );
  app.task('typescript.fail', () => {
    throw new TypeError('no such order');
  });
  const mark = app.task('shared.mark', (number: number): [string, number] => {
    executed.push(['typescript', number]);
    return ['typescript', number];
  });
  const worker = new Worker(app, { queues: ['typescript', 'shared'], concurrency: 4 });
  let client: PythonClient;
  let python: PythonWorker;

  beforeAll(async () => {
    const interpreter = await pythonWithCelery();
    if (interpreter === undefined) throw new Error('There is no python3 with venv: install python3-venv.');
    await worker.start();
    python = await PythonWorker.start(interpreter, site, ['python', 'shared']);
    client = new PythonClient(interpreter, site);
  }, 180_000);

  afterAll(async () => {
    await client[Symbol.asyncDispose]();
    await python[Symbol.asyncDispose]();
    await worker.stop(Deadline.after(5_000));
    await app.close();
  }, 30_000);

  const typescript = (name: string, ...args: unknown[]): PythonNode => ['task', name, args, { queue: 'typescript' }];

  test('a Python client gets the result of a TypeScript task', async () => {
    expect(await client.call(typescript('typescript.add', 2, 3))).toEqual({ value: 5 });
  });

  test('a Python client gets the error of a TypeScript task', async () => {
    expect(await client.call(typescript('typescript.fail'))).toEqual({
      error: 'TypeError',
      module: 'builtins',
      message: 'no such order',
    });
  });

  test('a Python client waits for a TypeScript task with a countdown', async () => {
    const later: PythonNode = ['task', 'typescript.add', [1, 1], { queue: 'typescript', countdown: 1 }];
    expect(await client.call(later)).toEqual({ value: 2 });
  });

  test('a TypeScript client gets results and errors of Python tasks', async () => {
    const sum = await app.sendTask('python.add', [7, 8], {}, { queue: 'python' });
    expect(await sum.get(soon)).toBe(15);
    const failed = await app.sendTask('python.fail', [], {}, { queue: 'python' });
    const error = await failed.get(soon).catch((thrown: unknown) => thrown);
    expect(RemoteError.isInstance(error) && [error.excType, error.excModule, error.message]).toEqual([
      'KeyError',
      'builtins',
      "'no such order'",
    ]);
  });

  test('a chain of Python goes through both languages', async () => {
    const steps = [inPython('python.add', 1, 1), typescript('typescript.add', 10), inPython('python.add', 100)];
    expect(await client.call(['chain', steps])).toEqual({ value: 112 });
  });

  test('a chord of Python joins members of both languages, with a body in either', async () => {
    const members = [0, 1, 2, 3].map((n) =>
      (n % 2 === 0 ? inPython : typescript)(n % 2 === 0 ? 'python.add' : 'typescript.add', n, n),
    );
    expect(await client.call(['chord', members, typescript('typescript.total')])).toEqual({ value: 12 });
    expect(await client.call(['chord', members, inPython('python.total')])).toEqual({ value: 12 });
  });

  test('a chord of TypeScript joins members of both languages', async () => {
    const pythonAdd = app.remote<typeof add>('python.add');
    const there = [3, 4].map((n) => pythonAdd.s(n, n).set({ queue: 'python' }));
    const members = [add.s(1, 1), add.s(2, 2), ...there];
    // Whoever ends last sends the body, and knows only its own default queue.
    const body = total.s().set({ queue: 'typescript' });
    expect(await (await chord(members, body).delay()).get(soon)).toBe(20);
  });

  test('a chord fails in both languages when a member of the other fails', async () => {
    const members = [inPython('python.fail'), typescript('typescript.add', 1, 1)];
    expect(await client.call(['chord', members, typescript('typescript.total')])).toMatchObject({
      error: 'ChordError',
    });
    const others = [typescript('typescript.fail'), inPython('python.add', 1, 1)];
    expect(await client.call(['chord', others, inPython('python.total')])).toMatchObject({ error: 'ChordError' });
  });

  test('workers of both languages share one queue, and each task is executed once', async () => {
    const numbers = Array.from({ length: 400 }, (_, n) => n);
    const results = await Promise.all(numbers.map((n) => mark.applyAsync([n], { queue: 'shared' })));
    const done = await Promise.all(results.map((result) => result.get(soon)));
    expect(done.map(([, n]) => n)).toEqual(numbers);
    const here = done.filter(([language]) => language === 'typescript').map(([, n]) => n);
    // What ran here is what is stored as run here: nothing ran a second time in this language, nor in the other after it.
    expect(executed.map(([, n]) => n).sort((a, b) => a - b)).toEqual(here);
  });
});
