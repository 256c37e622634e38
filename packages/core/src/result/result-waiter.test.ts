import { createContentCodec } from '@ctq/messaging';
import { deferred, silentLogger, VirtualClock } from '@ctq/runtime';
import { describe, expect, test } from 'vitest';
import { memoryBackend } from '../backend/memory-backend.js';
import type { OnStored, ResultBackend } from '../backend/result-backend.js';
import { BackendReadError, ResultTimeoutError } from '../errors/result-errors.js';
import { createResultCodec } from './result-codec.js';
import type { ResultRecord } from './result-record.js';
import { ResultWaiter } from './result-waiter.js';
import type { TaskState } from './states.js';

/** A waiter over memory, and what it asks of the backend. */
async function setup(expiresMs?: number) {
  const clock = new VirtualClock();
  const inner = memoryBackend();
  const looks: string[][] = [];
  const watched = new Set<string>();
  let tell: OnStored = () => undefined;
  let held: Promise<void> | undefined;
  let refusal: Error | undefined;
  const backend: ResultBackend = {
    spec: 1,
    name: inner.name,
    url: inner.url,
    supports: inner.supports,
    open: (context, signal) => inner.open(context, signal),
    close: () => inner.close(),
    store: (records) => inner.store(records),
    forget: (ids) => inner.forget(ids),
    async getMany(ids) {
      looks.push([...ids]);
      if (refusal !== undefined) throw refusal;
      const found = await inner.getMany(ids);
      await held;
      return found;
    },
    notifier: {
      async listen(onStored) {
        tell = onStored;
        const listener = await inner.notifier?.listen(onStored);
        return {
          watch: async (ids) => ids.forEach((id) => watched.add(id)),
          unwatch: async (ids) => ids.forEach((id) => watched.delete(id)),
          close: async () => listener?.close(),
        };
      },
    },
  };
  const codec = createResultCodec(createContentCodec(), 'json');
  await backend.open({ clock, logger: silentLogger, codec, expiresMs: undefined }, new AbortController().signal);
  const waiter = new ResultWaiter(backend, clock, silentLogger, expiresMs);
  const succeed = (taskId: string, result: unknown): Promise<void> =>
    backend.store([{ taskId, status: 'SUCCESS', result, traceback: null, children: [], dateDone: null }]);
  return {
    ...{ clock, waiter, looks, watched, succeed },
    store: (one: ResultRecord): Promise<void> => backend.store([one]),
    refuse: (error: Error): void => {
      refusal = error;
    },
    tell: (...news: Parameters<OnStored>): void => tell(...news),
    /** Reads are answered when the returned function is called. */
    hold(): () => void {
      const gate = deferred<void>();
      held = gate.promise;
      return () => gate.resolve();
    },
  };
}

/** What a wait ended with. */
const endOf = (wait: Promise<unknown>): Promise<unknown> => wait.catch((error: unknown) => error);
const isTimeout = (error: unknown): boolean => ResultTimeoutError.isInstance(error);

const record = (taskId: string, status: TaskState, result: unknown): ResultRecord => ({
  ...{ taskId, status, result, traceback: null, children: [], dateDone: null },
});

describe('observing results', () => {
  test('tells every state that comes to be known, and watches until it is ended', async () => {
    const { clock, waiter, watched, store, looks } = await setup();
    const seen: unknown[] = [];
    await store(record('a', 'STARTED', 0));
    const end = waiter.observe(['a', 'b'], {
      onRecord: ({ taskId, result }) => seen.push([taskId, result]),
      onError: (error) => seen.push(error),
    });
    const waiting = waiter.wait('a', {});
    await clock.advance(0);
    expect([...watched]).toEqual(['a', 'b']);
    await store(record('b', 'PROGRESS', 1));
    await clock.advance(0);
    await store(record('a', 'SUCCESS', 2));
    await clock.advance(0);
    await waiting;
    expect([...watched]).toEqual(['a', 'b']);
    expect(seen).toContainEqual(['b', 1]);
    end();
    end();
    await clock.advance(0);
    expect([...watched]).toEqual([]);
    looks.length = 0;
    await clock.advance(60_000);
    expect(looks).toEqual([]);
    await waiter.close();
    expect(seen.at(0)).toEqual(['a', 0]);
    expect(seen.at(-1)).toEqual(['a', 2]);
  });

  test('does not go back to a state that was read before the news of a later one came', async () => {
    const { clock, waiter, store, tell, hold } = await setup();
    const seen: unknown[] = [];
    await store(record('a', 'PROGRESS', 1));
    const release = hold();
    const end = waiter.observe(['a'], { onRecord: ({ result }) => seen.push(result), onError: () => undefined });
    await clock.advance(0);
    tell(['a'], new Map([['a', record('a', 'PROGRESS', 2)]]));
    release();
    await clock.advance(0);
    expect(seen).toEqual([2]);
    end();
    await waiter.close();
  });

  test('is told when the app is closed, and refused after that', async () => {
    const { waiter } = await setup();
    const errors: unknown[] = [];
    const observer = { onRecord: () => undefined, onError: (error: unknown) => errors.push(error) };
    waiter.observe(['a', 'b'], observer);
    await waiter.close();
    waiter.observe(['c'], observer);
    expect(errors.map(String)).toEqual([expect.stringContaining('closed'), expect.stringContaining('closed')]);
  });
});

describe('waiting for a result', () => {
  test('that nobody awaits any more is over: it is neither watched nor looked for [TR-187]', async () => {
    const { clock, waiter, looks, watched } = await setup();
    const timedOut = endOf(waiter.wait('never', { timeoutMs: 1_000 }));
    const giveUp = new AbortController();
    const aborted = endOf(waiter.wait('unwanted', { signal: giveUp.signal }));
    await clock.advance(0);
    expect([...watched]).toEqual(['never', 'unwanted']);
    giveUp.abort(new Error('enough'));
    expect(await aborted).toEqual(new Error('enough'));
    await clock.advance(1_000);
    expect(await timedOut).toSatisfy(isTimeout);
    await clock.advance(0);
    expect([...watched]).toEqual([]);
    looks.length = 0;
    await clock.advance(60_000);
    expect(looks.flat()).toEqual([]);
    await waiter.close();
  });

  test('[BK-041] ends with what the news carries, also when the result has expired by then', async () => {
    const { clock, waiter, watched, looks, tell } = await setup();
    const wait = waiter.wait('gone', {});
    await clock.advance(0);
    looks.length = 0;
    const record = {
      taskId: 'gone',
      status: 'SUCCESS',
      result: 5,
      traceback: null,
      children: [],
      dateDone: null,
    } as const;
    tell(['gone'], new Map([['gone', { ...record, status: 'STARTED' }]]));
    tell(['another'], new Map([['another', record]]));
    tell(['gone'], new Map([['gone', record]]));
    expect((await wait).result).toBe(5);
    expect([looks, [...watched]]).toEqual([[], []]);
    await waiter.close();
  });

  test('[BK-041] ends with an error that will not pass, also when that comes while it lasts; others it outlives', async () => {
    const { clock, waiter, refuse } = await setup();
    const wait = endOf(waiter.wait('never', { timeoutMs: 60_000 }));
    const [states, errors] = [[] as TaskState[], [] as unknown[]];
    waiter.observe(['never'], {
      onRecord: ({ status }) => states.push(status),
      onError: (error) => errors.push(error),
    });
    await clock.advance(0);
    refuse(new BackendReadError('for a moment'));
    await clock.advance(10_000);
    expect(errors).toEqual([]);
    const lasting = new BackendReadError('for good', { recoverable: false });
    refuse(lasting);
    await clock.advance(10_000);
    expect(await wait).toBe(lasting);
    expect([states, errors]).toEqual([[], [lasting]]);
    await waiter.close();
  });

  test('looks behind the news more often than results expire', async () => {
    const { clock, waiter, looks } = await setup(3_000);
    const wait = endOf(waiter.wait('slow', { timeoutMs: 10_000 }));
    await clock.advance(10_000);
    expect(looks.length).toBeGreaterThanOrEqual(10);
    expect(await wait).toSatisfy(isTimeout);
    await waiter.close();
  });

  test('goes on for the others when one of them gives up', async () => {
    const { clock, waiter, succeed } = await setup();
    const patient = waiter.wait('slow', {});
    const hasty = endOf(waiter.wait('slow', { timeoutMs: 1_000 }));
    await clock.advance(1_000);
    expect(await hasty).toSatisfy(isTimeout);
    await succeed('slow', 5);
    expect((await patient).result).toBe(5);
    await waiter.close();
  });

  test('may begin again after it was given up', async () => {
    const { clock, waiter, succeed } = await setup();
    const first = endOf(waiter.wait('slow', { timeoutMs: 1_000 }));
    await clock.advance(1_000);
    expect(await first).toSatisfy(isTimeout);
    const second = waiter.wait('slow', { timeoutMs: 60_000 });
    await clock.advance(0);
    await succeed('slow', 5);
    expect((await second).result).toBe(5);
    await waiter.close();
  });
});
