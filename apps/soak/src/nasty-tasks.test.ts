import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ctq, TimeLimitExceeded, WorkerLostError } from '@ctq/core';
import { createLogger, Deadline, type LogRecord } from '@ctq/runtime';
import { Worker } from '@ctq/worker';
import { describe, expect, onTestFinished, test } from 'vitest';
import { folderOfItsOwn } from './folder-of-its-own.js';
import type * as Tasks from './nasty-tasks.js';

const module = new URL('../dist/nasty-tasks.js', import.meta.url).href;
const soon = { timeout: '60s' } as const;
/** Slots load the application while other suites have the machine. */
const limit = { timeout: 120_000 };

/** A worker over SQLite with the pool, and a client. */
async function setup(pool: string, options: ConstructorParameters<typeof Worker>[1] = {}) {
  const folder = folderOfItsOwn();
  const url = `sqlite:${join(folder, 'queue.sqlite')}`;
  const lines: LogRecord[] = [];
  const client = new Ctq('client', { broker: url, backend: url });
  onTestFinished(() => client.close());
  const startWorker = async (): Promise<Worker> => {
    // A copy of its own: an app is configured once.
    const { app } = (await import(`${module}?${crypto.randomUUID()}`)) as typeof Tasks;
    const settings = { resultMaxSize: 2 * 1_024 * 1_024 };
    app.override({ broker: url, backend: url, settings, logger: createLogger((line) => void lines.push(line)) });
    const worker = new Worker(app, { module, pool, concurrency: 2, ...options });
    onTestFinished(async () => {
      await worker.stop(Deadline.after(2_000));
      await app.close();
    });
    await worker.start();
    return worker;
  };
  const worker = await startWorker();
  const call = async <K extends keyof typeof Tasks>(name: K, ...args: readonly unknown[]) =>
    await client.sendTask<unknown>(name, args);
  const errorOf = async (name: keyof typeof Tasks, ...args: readonly unknown[]): Promise<unknown> =>
    await (await call(name, ...args)).get({ ...soon, propagate: false });
  return {
    worker,
    startWorker,
    folder,
    lines,
    call,
    errorOf,
    /** The worker still does what it is there for. */
    async works() {
      const sums = await Promise.all([1, 2, 3, 4].map(async (n) => (await call('add', n, n)).get(soon)));
      expect(sums).toEqual([2, 4, 6, 8]);
    },
  };
}

describe.each(['threads', 'processes'])('A worker with the pool %s survives a task that', limit, (pool) => {
  test.each([
    ['exits', 'exits', /exit code 3/],
    ['leaves a rejection to nobody', 'rejectsUnheard', /exit code 1.*nobody listens to me/s],
  ] as const)('%s: it is lost, and it is said how [WK-076]', async (_, task, said) => {
    const { errorOf, works } = await setup(pool);
    const error = await errorOf(task);
    expect(WorkerLostError.isInstance(error)).toBe(true);
    expect((error as Error).message).toMatch(said);
    await works();
  });

  test('never gives the loop back', async () => {
    const { errorOf, works } = await setup(pool);
    expect(TimeLimitExceeded.isInstance(await errorOf('loops'))).toBe(true);
    await works();
  });

  test('hoards memory beyond the limit: its thread or process is replaced [WK-077]', async () => {
    const { call, works, lines } = await setup(pool, { maxMemoryPerChild: 250_000, concurrency: 1 });
    const places = new Set<unknown>();
    for (let count = 0; count < 3; count += 1) places.add(await (await call('hoards', 64)).get(soon));
    expect(places.size).toBeGreaterThan(1);
    await works();
    expect(lines.filter(({ level }) => level === 'error' || level === 'fatal')).toEqual([]);
  });

  test('is ended at its limit and leaves a process behind that has its stderr', async () => {
    const { errorOf, works, worker, folder } = await setup(pool, { concurrency: 1 });
    const pidFile = join(folder, 'pid');
    onTestFinished(() => void process.kill(Number(readFileSync(pidFile, 'utf8')), 'SIGKILL'));
    expect(TimeLimitExceeded.isInstance(await errorOf('forksAndLoops', pidFile))).toBe(true);
    await works();
    await worker.stop(Deadline.after(10_000));
  });
});

describe.each(['threads', 'processes'])('With the pool %s a module that throws when a slot loads it', limit, (pool) => {
  async function place() {
    const folder = folderOfItsOwn();
    const mark = join(folder, 'mark');
    const url = `sqlite:${join(folder, 'queue.sqlite')}`;
    const module = new URL('../dist/loads-in-the-worker-only.js', import.meta.url);
    module.search = encodeURIComponent(mark);
    const { app } = (await import(module.href)) as Pick<typeof Tasks, 'app'>;
    const lines: LogRecord[] = [];
    app.override({ broker: url, backend: url, logger: createLogger((line) => void lines.push(line)) });
    const client = new Ctq('client', { broker: url, backend: url });
    const workers: Worker[] = [];
    onTestFinished(async () => {
      await Promise.all(workers.map((worker) => worker.stop(Deadline.after(2_000))));
      await Promise.all([app.close(), client.close()]);
    });
    const startWorker = async (): Promise<void> => {
      const worker = new Worker(app, { module: module.href, pool, concurrency: 1 });
      workers.push(worker);
      await worker.start();
    };
    return { mark, startWorker, client, lines };
  }

  test('ends the start of the worker with what it threw, and no message is taken', async () => {
    const { mark, startWorker, client } = await place();
    writeFileSync(mark, '');
    const sum = await client.sendTask('add', [1, 2]);
    await expect(startWorker()).rejects.toMatchObject({
      code: 'CTQ_SLOT_START',
      message: expect.stringContaining('there is no place for me in a slot'),
    });
    rmSync(mark);
    await startWorker();
    expect(await sum.get(soon)).toBe(3);
  });

  test('while a slot is replaced is told and tried again, and tasks wait for the slot', async () => {
    const { mark, startWorker, client, lines } = await place();
    await startWorker();
    writeFileSync(mark, '');
    const lost = await client.sendTask('exits', []);
    expect(WorkerLostError.isInstance(await lost.get({ ...soon, propagate: false }))).toBe(true);
    const sum = await client.sendTask('add', [1, 2]);
    await expect
      .poll(() => lines.some(({ message }) => message.startsWith("Couldn't start a slot")), { timeout: 20_000 })
      .toBe(true);
    rmSync(mark);
    expect(await sum.get(soon)).toBe(3);
  });
});

describe.each(['async', 'solo', 'threads', 'processes'])('With the pool %s a task that', limit, (pool) => {
  test('never settles has failed at its time limit, and its slot is free', async () => {
    const { errorOf, works } = await setup(pool, { concurrency: 1 });
    expect(TimeLimitExceeded.isInstance(await errorOf('neverSettles'))).toBe(true);
    await works();
  });

  test('throws when it is aborted has failed with what it threw', async () => {
    const { errorOf, works } = await setup(pool);
    expect(await errorOf('throwsAfterAbort')).toMatchObject({ message: 'torn in the middle' });
    await works();
  });

  test('has a broken hook has succeeded, and the log says what broke', async () => {
    const { call, lines, works } = await setup(pool);
    expect(await (await call('brokenHook')).get(soon)).toBe('fine');
    await works();
    expect(lines.some(({ message }) => message.startsWith('The onSuccess hook of brokenHook['))).toBe(true);
  });

  test('returns more than can be stored has failed, and says so', async () => {
    const { call, errorOf, works } = await setup(pool);
    expect(String(await (await call('huge', 1)).get(soon))).toHaveLength(1_024 * 1_024);
    const error = await errorOf('huge', 3);
    expect((error as Error).message).toContain('at most 2097152 are stored');
    await works();
  });

  test('floods stderr, forks and leaves ten thousand timers behind is done, and the worker stops in time', async () => {
    const { call, works, worker } = await setup(pool);
    expect(await (await call('flood', 2_000)).get(soon)).toBe(2_000);
    expect(await (await call('forks')).get(soon)).toBe('number');
    expect(await (await call('timers', 10_000)).get(soon)).toBe(10_000);
    await works();
    await worker.stop(Deadline.after(10_000));
  });

  test('hangs when the time is over that the worker was given to stop goes back to its queue', async () => {
    const { call, worker, folder, startWorker } = await setup(pool, { concurrency: 1 });
    const mark = join(folder, 'mark');
    const hung = await call('hangsFirst', mark);
    await expect.poll(() => existsSync(mark), { timeout: 20_000 }).toBe(true);
    // Ending a process is part of it, and takes a while where all processors are busy.
    await worker.stop(Deadline.after(5_000));
    await startWorker();
    expect(await hung.get(soon)).toBe('ran');
  });

  test('hangs at a cold shutdown goes back to its queue, and the next worker runs it', async () => {
    const { call, worker, folder, startWorker } = await setup(pool, { concurrency: 1 });
    const mark = join(folder, 'mark');
    const hung = await call('hangsFirst', mark);
    await expect.poll(() => existsSync(mark), { timeout: 20_000 }).toBe(true);
    await worker.terminate();
    await startWorker();
    expect(await hung.get(soon)).toBe('ran');
  });
});
