import { VirtualClock } from '@ctq/runtime';
import { describe, expect, test } from 'vitest';
import { Ctq } from '../app/ctq.js';
import { group } from '../canvas/group.js';
import { NoResultBackendError, ResultTimeoutError } from '../errors/result-errors.js';
import type { AsyncResult } from './result-handle.js';
import type { ResultRecord } from './result-record.js';
import { storedError } from './stored-error.js';

function setup() {
  const clock = new VirtualClock();
  const app = new Ctq('shop', { taskAlwaysEager: true, clock });
  const results = ['a', 'b', 'c'].map((id) => app.asyncResult<number>(id));
  return {
    app,
    clock,
    results: results as [AsyncResult<number>, AsyncResult<number>, AsyncResult<number>],
    set: app.resultSet(results),
    async store(taskId: string, change: Partial<ResultRecord> = {}): Promise<void> {
      await app.kernel.results.store({
        ...{ taskId, status: 'SUCCESS', result: taskId, traceback: null, children: [], dateDone: null },
        ...change,
      });
      await clock.advance(0);
    },
  };
}

const failed = { status: 'FAILURE', result: storedError(new RangeError('too much')) } as const;
const endOf = (wait: Promise<unknown>): Promise<unknown> => wait.catch((error: unknown) => error);

describe('a set of results', () => {
  test('has each of its members once [TR-194, TR-200]', () => {
    const { app, set, results } = setup();
    set.add(app.asyncResult('a'));
    set.update([app.asyncResult('d'), app.asyncResult('b')]);
    expect([...set].map(({ id }) => id)).toEqual(['a', 'b', 'c', 'd']);
    set.remove('d');
    set.remove(results[0]);
    expect(() => set.remove('a')).toThrow(RangeError);
    set.discard('a');
    expect([set.length, set.results[0]]).toEqual([2, results[1]]);
    set.clear();
    expect(set.length).toBe(0);
  });

  test('says how it stands [TR-195, CV-159]', async () => {
    const { set, store } = setup();
    const standing = async (): Promise<unknown[]> => [
      ...[await set.ready(), await set.waiting(), await set.successful(), await set.failed()],
      await set.completedCount(),
    ];
    expect(await standing()).toEqual([false, true, false, false, 0]);
    await store('a');
    await store('b', failed);
    expect(await standing()).toEqual([false, true, false, true, 1]);
    await store('c', { ...failed, status: 'REVOKED' });
    expect(await standing()).toEqual([true, false, false, true, 1]);
    await set.forget();
    expect(await standing()).toEqual([false, true, false, false, 0]);
  });

  test('throws what has failed by now, in its order [TR-183]', async () => {
    const { set, store } = setup();
    await set.maybeThrow();
    await store('c', { status: 'FAILURE', result: storedError(new TypeError('c')) });
    await expect(set.maybeThrow()).rejects.toThrow(TypeError);
    await store('b', failed);
    await expect(set.maybeThrow()).rejects.toThrow(RangeError);
  });

  test('without members is an empty list', async () => {
    const { app } = setup();
    expect([await app.resultSet().get(), await app.resultSet().join()]).toEqual([[], []]);
  });
});

describe('waiting for several results', () => {
  test('gives the values in the order of the results, however they come [TR-196, TR-197, TR-198, CV-155, CV-156]', async () => {
    const { clock, set, store } = setup();
    const waits = [set.get(), set.join(), set.joinNative()];
    await clock.advance(0);
    for (const id of ['c', 'a', 'b']) await store(id);
    expect(await Promise.all(waits)).toEqual([1, 2, 3].map(() => ['a', 'b', 'c']));
  });

  test('calls back in the order of the results, or in that in which they come [TR-197, TR-198]', async () => {
    const { clock, set, store } = setup();
    const [inOrder, asTheyCome]: [unknown[], unknown[]] = [[], []];
    const waits = [
      set.join({ callback: (id, value) => inOrder.push([id, value]) }),
      set.joinNative({ callback: (id, value) => asTheyCome.push([id, value]) }),
    ];
    await clock.advance(0);
    await store('c');
    expect([inOrder, asTheyCome]).toEqual([[], [['c', 'c']]]);
    for (const id of ['a', 'b']) await store(id);
    expect(await Promise.all(waits)).toEqual([[], undefined]);
    expect(inOrder.flat()).toEqual(['a', 'a', 'b', 'b', 'c', 'c']);
    expect(asTheyCome.flat()).toEqual(['c', 'c', 'a', 'a', 'b', 'b']);
  });

  test('throws the first error: of those that come, or of those in the order [TR-197, TR-198, CV-155]', async () => {
    const { clock, set, store } = setup();
    const [native, ordered] = [endOf(set.get()), endOf(set.join())];
    await clock.advance(0);
    await store('c', failed);
    expect(await native).toBeInstanceOf(RangeError);
    await store('a', { status: 'FAILURE', result: storedError(new TypeError('first')) });
    expect(await ordered).toBeInstanceOf(TypeError);
  });

  test('puts errors in the places of values where they are not to be thrown [TR-197]', async () => {
    const { set, store } = setup();
    await store('a', { result: 1 });
    await store('b', failed);
    await store('c', { ...failed, status: 'REVOKED' });
    const values = await set.join({ propagate: false });
    expect(values.map((value) => value instanceof RangeError)).toEqual([false, true, true]);
    expect(await set.joinNative({ propagate: false })).toHaveLength(3);
  });

  test('has one timeout, one abort and one tick for all [CV-155]', async () => {
    const { app, clock, set, store } = setup();
    const stop = new AbortController();
    let ticks = 0;
    const timedOut = endOf(set.join({ timeout: 3, onInterval: () => (ticks += 1), interval: 1 }));
    const aborted = endOf(set.get({ signal: stop.signal }));
    await store('a');
    await clock.advance(3_000);
    const error = await timedOut;
    expect(ResultTimeoutError.isInstance(error) && error.details).toEqual({ missing: 2, of: 3 });
    expect(ticks).toBe(2);
    stop.abort(new Error('enough'));
    expect(await aborted).toEqual(new Error('enough'));
    const closed = endOf(set.get());
    await clock.advance(0);
    await app.close();
    expect(String(await closed)).toContain('closed');
    expect(clock.pendingTimers).toBe(0);
  });

  test('goes through outcomes as they come, those of a group inside together [TR-199, BK-040, CV-158]', async () => {
    const { app, clock, results, store } = setup();
    const inner = app.groupResult<number[]>('inner', [results[0], results[1]]);
    const outer = app.resultFromTuple([
      ['outer', null],
      [inner.asTuple(), [['c', null], null]],
    ]);
    if (!('results' in outer)) throw new Error('It is no group.');
    const come: unknown[] = [];
    const over = (async () => {
      for await (const [id, outcome] of outer.iterNative())
        come.push([id, Array.isArray(outcome) ? outcome.length : (outcome as ResultRecord).result]);
    })();
    await clock.advance(0);
    for (const id of ['a', 'c', 'b']) await store(id);
    await over;
    expect(come).toEqual([
      ['c', 'c'],
      ['inner', 2],
    ]);
    expect(await outer.get()).toEqual([['a', 'b'], 'c']);
  });

  test('is one subscription and one look, however many they are [BK-032]', async () => {
    const { app, clock, store } = setup();
    const many = app.resultSet(Array.from({ length: 1_000 }, (_, n) => app.asyncResult(`many-${n}`)));
    const backend = await app.backend();
    const looks: number[] = [];
    const getMany = backend.getMany.bind(backend);
    backend.getMany = (ids) => {
      looks.push(ids.length);
      return getMany(ids);
    };
    const waiting = many.get();
    await clock.advance(0);
    expect(looks).toEqual([1_000]);
    for (const { id } of many) void store(id);
    expect(await waiting).toHaveLength(1_000);
  });
});

describe('a group', () => {
  test('is kept under its id and found again [CV-153, TR-201, BK-027]', async () => {
    const { app } = setup();
    const add = app.task('add', (x: number, y: number) => x + y);
    const sums = await group([add.s(1, 1), add.s(2, 2)]).delay();
    expect(await app.restoreGroup(sums.id)).toBeUndefined();
    await sums.save();
    const again = await app.restoreGroup(sums.id);
    expect([again?.id, again?.length, await again?.get()]).toEqual([sums.id, 2, [2, 4]]);
    expect((await again?.children())?.map(({ id }) => id)).toEqual(sums.results.map(({ id }) => id));
    await again?.delete();
    expect(await app.restoreGroup(sums.id)).toBeUndefined();
    expect(await sums.get()).toEqual([2, 4]);
  });

  test('of calls whose results are ignored is not waited for', async () => {
    const { app } = setup();
    const add = app.task('add', (x: number, y: number) => x + y);
    const sums = await group([add.s(1, 1), add.s(2, 2).set({ ignoreResult: true })]).delay();
    expect(await sums.get()).toEqual([2, null]);
    expect(await sums.join()).toEqual([2, null]);
  });

  test('cannot be kept without a result backend [BK-006]', async () => {
    const app = new Ctq('shop', { backend: 'disabled://', broker: 'memory://' });
    const kept = app.groupResult('id', [app.asyncResult('a')]).save();
    expect(NoResultBackendError.isInstance(await endOf(kept))).toBe(true);
  });
});
