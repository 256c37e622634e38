import { createContentCodec } from '@ctq/messaging';
import { createLogger, type LogRecord, VirtualClock } from '@ctq/runtime';
import { describe, expect, test } from 'vitest';
import { memoryBackend } from '../backend/memory-backend.js';
import { BackendConnectionError } from '../errors/result-errors.js';
import { resultFromTuple } from './async-result.js';
import { ErrorClasses } from './error-classes.js';
import { createResultCodec } from './result-codec.js';
import { ResultStore } from './result-store.js';

/** The results of an app whose backend is away until it is told otherwise. */
function setup() {
  const clock = new VirtualClock();
  const inner = memoryBackend();
  const logs: LogRecord[] = [];
  let refusal: Error | undefined = new BackendConnectionError('Nobody there.', { recoverable: true });
  let attempts = 0;
  let reads = 0;
  const store = new ResultStore({
    backend: async () => ({
      ...inner,
      supports: inner.supports,
      ...(inner.notifier === undefined ? {} : { notifier: inner.notifier }),
      open: async (context, signal) => {
        attempts += 1;
        if (refusal !== undefined) throw refusal;
        await inner.open(context, signal);
      },
      close: () => inner.close(),
      store: (records) => inner.store(records),
      getMany: async (ids) => {
        reads += 1;
        if (refusal !== undefined) throw refusal;
        return await inner.getMany(ids);
      },
      forget: (ids) => inner.forget(ids),
    }),
    isHeardBySender: () => false,
    broker: () => ({ replyTo: 'here', isPersistent: false, connect: () => Promise.reject(new Error('no broker')) }),
    codec: () => createResultCodec(createContentCodec(), 'json'),
    expiresMs: () => undefined,
    clock,
    logger: createLogger((line) => logs.push(line)),
    interceptors: [],
    errorClasses: new ErrorClasses(),
    remoteTracebacks: () => false,
    maxBytes: () => undefined,
    handleOf: resultFromTuple,
    revoke: () => Promise.reject(new Error('no store')),
  });
  const record = { status: 'SUCCESS', result: 5, traceback: null, children: [], dateDone: null } as const;
  return {
    clock,
    store,
    logs,
    record,
    attempts: () => attempts,
    reads: () => reads,
    refuse: (error: Error | undefined) => (refusal = error),
  };
}

const failure = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );

describe('a result backend that cannot be opened', () => {
  test('is opened by the next use', async () => {
    const { store, record, refuse, logs } = setup();
    await expect(store.store({ taskId: 'one', ...record })).rejects.toThrow('Nobody there.');
    refuse(undefined);
    await store.store({ taskId: 'one', ...record });
    expect(await store.find('one')).toMatchObject({ result: 5 });
    expect(logs.map(({ message }) => message)).toEqual(['The result backend cannot be opened']);
    await store.close();
  });

  test('is waited for by those who wait for results', async () => {
    const { clock, store, record, refuse, attempts } = setup();
    const results = [store.wait('one', {}), store.wait('one', { timeoutMs: 60_000 })];
    await clock.advance(20_000);
    expect(attempts()).toBeGreaterThan(5);
    refuse(undefined);
    await clock.advance(2_000);
    await store.store({ taskId: 'one', ...record });
    expect(await Promise.all(results)).toMatchObject([{ result: 5 }, { result: 5 }]);
    await store.close();
  });

  test('is waited for as long as they want to wait, and is their error then', async () => {
    const { clock, store } = setup();
    const ended = failure(store.wait('one', { timeoutMs: 3_000 }));
    await clock.advance(3_000);
    expect(await ended).toMatchObject({ message: 'Nobody there.' });
    await store.close();
  });

  test('leaves them less time for the result itself', async () => {
    const { clock, store, refuse } = setup();
    const ended = failure(store.wait('one', { timeoutMs: 10_000 }));
    await clock.advance(5_000);
    refuse(undefined);
    await clock.advance(5_000);
    expect(await ended).toMatchObject({ code: 'CTQ_RESULT_TIMEOUT' });
    await store.close();
  });

  test('is not waited for when trying again cannot help, when they give up, or when the app is closed', async () => {
    const { clock, store, refuse } = setup();
    const stop = new AbortController();
    const [left, closed] = [failure(store.wait('one', { signal: stop.signal })), failure(store.wait('one', {}))];
    await clock.advance(1_000);
    stop.abort(new Error('enough'));
    expect(await left).toMatchObject({ message: 'enough' });
    refuse(new BackendConnectionError('WRONGPASS', { recoverable: false }));
    await clock.advance(2_000);
    expect(await closed).toMatchObject({ message: 'WRONGPASS' });
    refuse(new BackendConnectionError('Nobody there.', { recoverable: true }));
    const late = failure(store.wait('one', {}));
    await clock.advance(10);
    await store.close();
    expect(await late).toMatchObject({ message: expect.stringContaining('closed') });
  });
});

describe('results that cannot be read', () => {
  test('are read again within seconds by those who wait: what was told meanwhile is not told again', async () => {
    const { clock, store, refuse, reads } = setup();
    refuse(undefined);
    const waiting = failure(store.wait('one', { timeoutMs: 60_000 }));
    await clock.advance(4_000);
    refuse(new BackendConnectionError('Nobody there.', { recoverable: true }));
    await clock.advance(6_000);
    const before = reads();
    await clock.advance(5_000);
    expect(reads() - before).toBe(5);
    refuse(undefined);
    await clock.advance(1_000);
    await clock.advance(20_000);
    expect(reads() - before).toBe(5 + 1 + 4);
    await store.close();
    expect(await waiting).toBeInstanceOf(Error);
  });
});
