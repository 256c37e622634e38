import { createLogger, type LogRecord, VirtualClock } from '@ctq/runtime';
import { describe, expect, test } from 'vitest';
import { Ctq } from '../app/ctq.js';
import { BackendConnectionError, BackendReadError, BackendStoreError } from '../errors/result-errors.js';
import { memoryBackend } from './memory-backend.js';
import type { ResultBackend } from './result-backend.js';

/** An app whose store is away for so many operations. */
function setup(failures: number, settings: object = {}) {
  const clock = new VirtualClock();
  const lines: LogRecord[] = [];
  const backend: ResultBackend = memoryBackend();
  const [store, getMany] = [backend.store.bind(backend), backend.getMany.bind(backend)];
  let left = failures;
  const attempts = { store: 0, read: 0 };
  const fail = (): void => {
    left -= 1;
    if (left >= 0) throw new BackendConnectionError('Nobody there.', { recoverable: true });
  };
  backend.store = async (records) => {
    attempts.store += 1;
    fail();
    await store(records);
  };
  backend.getMany = async (ids) => {
    attempts.read += 1;
    fail();
    return getMany(ids);
  };
  const app = new Ctq('shop', {
    ...{ taskAlwaysEager: true, taskStoreEagerResult: true, backend, clock, resultBackendAlwaysRetry: true },
    logger: createLogger((line) => lines.push(line)),
    ...settings,
  });
  const add = app.task('add', (x: number, y: number) => x + y);
  return { app, add, clock, attempts, lines, fails: (times: number) => (left = times) };
}

const endOf = (work: Promise<unknown>): Promise<unknown> => work.catch((error: unknown) => error);

describe('a result backend with resultBackendAlwaysRetry', () => {
  test('is tried again until it is back, with waits that grow to a limit [BK-025, ST-036, ST-038, ST-039]', async () => {
    const { add, clock, attempts, lines } = setup(8, {
      resultBackendBaseSleepBetweenRetriesMs: 100,
      resultBackendMaxSleepBetweenRetriesMs: 1_000,
    });
    const sent = add.delay(1, 2);
    await clock.advance(100 + 200 + 400 + 800 + 4 * 1_000);
    expect(await (await sent).result()).toBe(3);
    expect(attempts.store).toBe(9);
    expect(lines.map(({ message }) => message)).toEqual(
      Array.from({ length: 8 }, () => 'The result backend failed; trying again'),
    );
  });

  test('is given up after resultBackendMaxRetries [BK-026, ST-037]', async () => {
    const { app, add, clock, fails, attempts } = setup(100, { resultBackendMaxRetries: 2 });
    const stored = endOf(add.delay(1, 2));
    await clock.advance(60_000);
    expect(BackendStoreError.isInstance(await stored)).toBe(true);
    expect(attempts.store).toBe(3);
    fails(100);
    const read = endOf(app.asyncResult('id').record());
    await clock.advance(60_000);
    const error = await read;
    expect(BackendReadError.isInstance(error) && error.details).toEqual({ taskIds: ['id'] });
  });

  test('is not tried again when that cannot help, nor after it was closed', async () => {
    const { app, clock, fails } = setup(0);
    const backend = await app.backend();
    fails(100);
    const reading = endOf(backend.getMany(['id']));
    await clock.advance(0);
    await app.close();
    expect(BackendStoreError.isInstance(await reading)).toBe(true);
  });

  test('is not what one gets without the setting [ST-039]', async () => {
    const { add, attempts } = setup(1, { resultBackendAlwaysRetry: false });
    expect(BackendConnectionError.isInstance(await endOf(add.delay(1, 2)))).toBe(true);
    expect(attempts.store).toBe(1);
  });
});

describe('a client that keeps results', () => {
  test('does not ask again for a success, up to so many of them [BK-020, ST-025]', async () => {
    const { app, add, attempts } = setup(0, { resultCacheMax: 2 });
    const results = [await add.delay(1, 1), await add.delay(2, 2), await add.delay(3, 3)] as const;
    const readsOf = async (read: () => Promise<unknown>): Promise<number> => {
      const before = attempts.read;
      await read();
      return attempts.read - before;
    };
    expect(await readsOf(() => results[0].result())).toBe(1);
    expect(await readsOf(() => results[1].result())).toBe(1);
    expect(await readsOf(() => results[0].result())).toBe(0);
    expect(await readsOf(() => results[2].result())).toBe(1);
    expect(await readsOf(() => results[1].result())).toBe(1);
    await results[1].forget();
    expect(await readsOf(() => results[1].exists())).toBe(1);
    expect(await readsOf(() => app.asyncResult('unknown').exists())).toBe(1);
    expect(await readsOf(() => app.asyncResult('unknown').exists())).toBe(1);
  });

  test.each([0, null])(
    'keeps all of them with resultCacheMax %s, and none by default [ST-025]',
    async (resultCacheMax) => {
      const { add, attempts } = setup(0, { resultCacheMax });
      const kept = await add.delay(1, 1);
      await kept.result();
      await kept.result();
      expect(attempts.read).toBe(1);
      const plain = setup(0);
      const asked = await plain.add.delay(1, 1);
      await asked.result();
      await asked.result();
      expect(plain.attempts.read).toBe(2);
    },
  );
});

describe('outcomes of calls that run in place', () => {
  test('are in the result backend with taskStoreEagerResult, else in memory alone [TR-113, ST-167, TR-110, TR-190]', async () => {
    const stored = setup(0);
    expect(await (await stored.add.delay(1, 2)).get()).toBe(3);
    expect(stored.attempts.store).toBe(1);
    const { add, attempts } = setup(0, { taskStoreEagerResult: false });
    const result = await add.delay(1, 2);
    expect([await result.ready(), await result.state(), await result.get()]).toEqual([true, 'SUCCESS', 3]);
    expect(attempts).toEqual({ store: 0, read: 0 });
  });
});
