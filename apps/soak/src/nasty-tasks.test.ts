import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ctq, TimeLimitExceeded, WorkerLostError } from '@ctq/core';
import { createLogger, Deadline, type LogRecord } from '@ctq/runtime';
import { Worker } from '@ctq/worker';
import { describe, expect, onTestFinished, test } from 'vitest';
import type * as Tasks from './nasty-tasks.js';

const module = new URL('../dist/nasty-tasks.js', import.meta.url).href;
const soon = { timeout: '30s' } as const;

/** A worker over SQLite with the pool, and a client. */
async function setup(pool: string, options: ConstructorParameters<typeof Worker>[1] = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'ctq-nasty-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
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

describe.each(['threads', 'processes'])('A worker with the pool %s survives a task that', (pool) => {
  test.each([
    ['exits', 'exits', /exit code 3/],
    ['leaves a rejection to nobody', 'rejectsUnheard', /exit code 1.*nobody listens to me/s],
  ] as const)('%s: it is lost, and it is said how', async (_, task, said) => {
    const { errorOf, works } = await setup(pool);
    const error = await errorOf(task);
    expect(WorkerLostError.isInstance(error)).toBe(true);
    expect((error as Error).message).toMatch(said);
    await works();
  });

  test.each(['neverSettles', 'loops'] as const)('never ends: %s', async (task) => {
    const { errorOf, works } = await setup(pool);
    expect(TimeLimitExceeded.isInstance(await errorOf(task))).toBe(true);
    await works();
  });

  test('hoards memory beyond the limit: its thread or process is replaced', async () => {
    const { call, works, lines } = await setup(pool, { maxMemoryPerChild: 250_000, concurrency: 1 });
    for (let count = 0; count < 3; count += 1) await (await call('hoards', 64)).get(soon);
    await works();
    expect(lines.filter(({ level }) => level === 'error' || level === 'fatal')).toEqual([]);
  });
});

describe.each(['async', 'threads', 'processes'])('With the pool %s a task that', (pool) => {
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
