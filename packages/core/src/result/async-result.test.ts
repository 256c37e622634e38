import { VirtualClock } from '@ctq/runtime';
import { describe, expect, test } from 'vitest';
import { Ctq } from '../app/ctq.js';
import { chain } from '../canvas/chain.js';
import { chord } from '../canvas/chord.js';
import { group } from '../canvas/group.js';
import { IncompleteStreamError, ResultTimeoutError } from '../errors/result-errors.js';
import type { ResultRecord } from './result-record.js';
import { storedError } from './stored-error.js';
import type { TaskState } from './states.js';

const clock = new VirtualClock();

function setup() {
  const app = new Ctq('shop', { taskAlwaysEager: true, clock });
  return {
    app,
    add: app.task('add', (x: number, y: number) => x + y),
    async storeAs(status: TaskState): Promise<string> {
      await app.kernel.results.store({
        taskId: status,
        status,
        result: storedError(new Error('no')),
        traceback: null,
        children: [],
        dateDone: null,
      });
      return status;
    },
    /** What a worker elsewhere stores. */
    store: (taskId: string, change: Partial<ResultRecord>): Promise<void> =>
      app.kernel.results.store({
        ...{ taskId, status: 'SUCCESS', result: null, traceback: null, children: [], dateDone: null },
        ...change,
      }),
  };
}

const failed = { status: 'FAILURE', result: storedError(new RangeError('too much')), traceback: 'the stack' } as const;
const endOf = (wait: Promise<unknown>): Promise<unknown> => wait.catch((error: unknown) => error);

describe('a result', () => {
  test('needs the id of its task [TR-170]', () => {
    const { app } = setup();
    expect(() => app.asyncResult('')).toThrow(TypeError);
    expect(app.asyncResult('some-id').id).toBe('some-id');
  });

  test('of a task that nobody knows is PENDING [TR-189]', async () => {
    const { app } = setup();
    const result = app.asyncResult('nobody-sent-it');
    expect(await result.state()).toBe('PENDING');
    expect(await result.ready()).toBe(false);
    expect(await result.record()).toBeUndefined();
  });

  test.each<[TaskState, ready: boolean, successful: boolean, failed: boolean]>([
    ['SUCCESS', true, true, false],
    ['FAILURE', true, false, true],
    ['REVOKED', true, false, false],
    ['RETRY', false, false, false],
    ['STARTED', false, false, false],
    ['PROGRESS', false, false, false],
  ])('in %s: ready %s, successful %s, failed %s [TR-173]', async (state, ...expected) => {
    const { app, storeAs } = setup();
    const result = app.asyncResult(await storeAs(state));
    expect([await result.ready(), await result.successful(), await result.failed()]).toEqual(expected);
  });

  test('that does not come in time is a timeout [TR-154]', async () => {
    const { app } = setup();
    const waiting = app.asyncResult('never').get({ timeout: 10 });
    const end = waiting.catch((error: unknown) => error);
    await app.backend();
    await clock.advance(10_000);
    expect(ResultTimeoutError.isInstance(await end)).toBe(true);
  });

  test('of a call that ran in place is its value, or throws; what is no error is wrapped in one [TR-191]', async () => {
    const { app, add } = setup();
    const failing = app.task('failing', (thrown: 'text' | 'error') => {
      if (thrown === 'error') throw new TypeError('no');
      // oxlint-disable-next-line typescript/only-throw-error -- what is tested
      throw 'just text';
    });
    expect(await (await add.delay(1, 2)).get()).toBe(3);
    await expect((await failing.delay('error')).get()).rejects.toThrow(new TypeError('no'));
    const wrapped = await (await failing.delay('text')).get().catch((error: unknown) => error);
    expect(wrapped).toBeInstanceOf(Error);
    expect(String(wrapped)).toContain('just text');
  });

  test('is forgotten together with those of its parents [TR-179, CV-160]', async () => {
    const { add } = setup();
    const result = await chain(add.s(1, 1), add.s(2), add.s(3)).delay();
    const parents = [result.parent, result.parent?.parent];
    expect(await Promise.all(parents.map((parent) => parent?.ready()))).toEqual([true, true]);
    await result.forget();
    expect(await result.state()).toBe('PENDING');
    expect(await Promise.all(parents.map((parent) => parent?.ready()))).toEqual([false, false]);
  });
});

describe('getting a result', () => {
  test('without throwing gives the error [TR-175]', async () => {
    const { app, store } = setup();
    await store('id', failed);
    const error = await app.asyncResult('id').get({ propagate: false });
    expect(error).toBeInstanceOf(RangeError);
    await store('other', { result: 5 });
    expect(await app.asyncResult<number>('other').get({ propagate: false })).toBe(5);
  });

  test('calls back with id and value before it resolves; with the error where that is not thrown [TR-175]', async () => {
    const { app, store } = setup();
    const called: unknown[] = [];
    const callback = (...given: unknown[]): void => void called.push(given);
    await store('id', { result: 5 });
    await app.asyncResult('id').get({ callback });
    await store('bad', failed);
    await endOf(app.asyncResult('bad').get({ callback }));
    const error = await app.asyncResult('bad').get({ callback, propagate: false });
    expect(called).toEqual([
      ['id', 5],
      ['bad', error],
    ]);
  });

  test('tells each state on the way, the last one included [TR-175]', async () => {
    const { app, store } = setup();
    const seen: TaskState[] = [];
    const waiting = app.asyncResult('id').get({ onMessage: ({ status }) => seen.push(status) });
    for (const status of ['STARTED', 'PROGRESS', 'SUCCESS'] as const) {
      await store('id', { status });
      await clock.advance(0);
    }
    await waiting;
    expect(seen).toEqual(['STARTED', 'PROGRESS', 'SUCCESS']);
  });

  test('ends with what a callback throws [TR-175]', async () => {
    const { app, store } = setup();
    const stop = (): never => {
      throw new Error('enough');
    };
    const result = app.asyncResult('id');
    const waits = [result.get({ onInterval: stop, interval: 1 }), result.get({ onMessage: stop })].map(endOf);
    await clock.advance(0);
    await store('id', { status: 'STARTED' });
    await clock.advance(1_000);
    expect(await Promise.all(waits)).toEqual([new Error('enough'), new Error('enough')]);
    await store('id', {});
    expect(await endOf(result.get({ callback: stop }))).toEqual(new Error('enough'));
  });

  test('calls in intervals while nothing is there, and not any more after that [TR-175]', async () => {
    const { app, store } = setup();
    let ticks = 0;
    const waiting = app.asyncResult('id').get({ interval: '2s', onInterval: () => (ticks += 1) });
    await clock.advance(7_000);
    expect(ticks).toBe(3);
    await store('id', {});
    await clock.advance(0);
    await waiting;
    await clock.advance(60_000);
    expect(ticks).toBe(3);
  });

  test('ends at the abort with its reason', async () => {
    const { app } = setup();
    const stop = new AbortController();
    const waits = [{}, { onInterval: () => undefined }].map((options) =>
      endOf(app.asyncResult('never').get({ ...options, signal: stop.signal })),
    );
    await clock.advance(0);
    stop.abort(new Error('enough'));
    expect(await Promise.all(waits)).toEqual([new Error('enough'), new Error('enough')]);
    expect(await endOf(app.asyncResult('never').get({ signal: stop.signal }))).toEqual(new Error('enough'));
  });

  test("ends with a parent's error, unless its own is stored within the interval [TR-177, CV-154]", async () => {
    const { app, store } = setup();
    const parents = [['first', null], null];
    const last = (): ReturnType<typeof app.asyncResult> =>
      app.resultFromTuple([['last', parents], null]) as ReturnType<typeof app.asyncResult>;
    const ends = [
      endOf(last().get()),
      endOf(last().get({ followParents: false, timeout: 5 })),
      endOf(last().get({ propagate: false, timeout: 5 })),
    ];
    await store('first', failed);
    // Looked at after an interval, and once more after another one.
    for (let interval = 0; interval < 2; interval += 1) {
      await clock.advance(0);
      await clock.advance(500);
    }
    expect(await ends[0]).toBeInstanceOf(RangeError);
    await clock.advance(5_000);
    expect((await Promise.all(ends.slice(1))).map((error) => ResultTimeoutError.isInstance(error))).toEqual([
      true,
      true,
    ]);
    const own = endOf(last().get());
    await clock.advance(100);
    await store('last', { status: 'FAILURE', result: storedError(new TypeError('own')) });
    await clock.advance(1_000);
    expect(await own).toBeInstanceOf(TypeError);
  });
});

describe('what is known of a result by now', () => {
  test('is its value, its error, or the data of a state of its own [TR-171]', async () => {
    const { app, store } = setup();
    const result = app.asyncResult('id');
    expect([await result.exists(), await result.result()]).toEqual([false, null]);
    await store('id', { status: 'PROGRESS', result: { done: 1 } });
    expect([await result.exists(), await result.result()]).toEqual([true, { done: 1 }]);
    await store('id', { ...failed, status: 'RETRY' });
    expect(await result.result()).toBeInstanceOf(RangeError);
    await store('id', { result: 7, dateDone: '2030-01-01T00:00:00.500000+00:00' });
    expect([await result.result(), await result.dateDone()]).toEqual([7, new Date('2030-01-01T00:00:00.500Z')]);
  });

  test('says whether anything is stored [TR-174]', async () => {
    const { app, store } = setup();
    await store('id', { status: 'STARTED' });
    expect(await app.asyncResult('id').exists()).toBe(true);
    expect(await app.asyncResult('other').exists()).toBe(false);
  });

  test('throws what has failed by now, and waits for nothing [TR-183]', async () => {
    const { app, store } = setup();
    const result = app.asyncResult('id');
    await result.maybeThrow();
    await store('id', { ...failed, status: 'RETRY' });
    await result.maybeThrow();
    await store('id', failed);
    await expect(result.maybeThrow()).rejects.toThrow(RangeError);
  });

  test('has the call with resultExtended only [TR-172, ST-031]', async () => {
    const { add } = setup();
    expect(await (await add.delay(1, 2)).extended()).toBeUndefined();
    const extended = new Ctq('shop', { taskAlwaysEager: true, resultExtended: true });
    const named = extended.task('named', (x: number) => x);
    expect(await (await named.delay(1)).extended()).toMatchObject({ name: 'named', args: [1], kwargs: {}, retries: 0 });
  });
});

describe('watching a result', () => {
  test('gives its states as they come, and ends with the last [TR-168]', async () => {
    const { app, store } = setup();
    const seen: unknown[] = [];
    const watched = (async () => {
      for await (const change of app.asyncResult<number>('id').watch()) {
        seen.push(
          change.kind === 'success' ? change.value : change.kind === 'progress' ? change.meta : change.error.message,
        );
      }
    })();
    await clock.advance(0);
    await store('id', { status: 'STARTED', result: { pid: 1 } });
    await clock.advance(0);
    for (const done of [1, 2]) {
      await store('id', { status: 'PROGRESS', result: { done } });
      await clock.advance(0);
    }
    await store('id', { ...failed, status: 'RETRY' });
    await clock.advance(0);
    await store('id', { result: 7 });
    await clock.advance(0);
    await watched;
    expect(seen).toEqual([null, { pid: 1 }, { done: 1 }, { done: 2 }, 'too much', 7]);
  });

  test('begins with the present state, and ends at once where nothing follows it', async () => {
    const { app, store } = setup();
    await store('id', failed);
    const changes = [];
    for await (const change of app.asyncResult('id').watch()) changes.push([change.kind, change.state]);
    expect(changes).toEqual([['failure', 'FAILURE']]);
  });

  test('keeps for a slow loop the latest states, the last one always', async () => {
    const { app, store } = setup();
    const watching = app.asyncResult<number>('id').watch({ buffer: 2 });
    expect((await watching.next()).value).toMatchObject({ state: 'PENDING' });
    for (const done of [1, 2, 3, 4]) {
      await store('id', { status: 'PROGRESS', result: done });
      await clock.advance(0);
    }
    await store('id', { result: 5 });
    await clock.advance(0);
    const rest = [];
    for await (const change of watching) rest.push(change.record?.result);
    expect(rest).toEqual([4, 5]);
  });

  test('ends when the loop is left, with the timeout, at the abort and with the app', async () => {
    const { app, store } = setup();
    const stop = new AbortController();
    const watch = async (options: object): Promise<void> => {
      for await (const _ of app.asyncResult('id').watch(options));
    };
    const ends = [watch({ timeout: 1 }), watch({ signal: stop.signal }), watch({})].map(endOf);
    for await (const _ of app.asyncResult('other').watch()) break;
    await clock.advance(1_000);
    expect(ResultTimeoutError.isInstance(await ends[0])).toBe(true);
    stop.abort(new Error('enough'));
    expect(await ends[1]).toEqual(new Error('enough'));
    await store('id', { status: 'STARTED' });
    await app.close();
    expect(String(await ends[2])).toContain('closed');
  });
});

describe('the tree of a result', () => {
  test('is gone through breadth first, with the value of each, and drawn [CV-149, CV-150, CV-151, CV-152, TR-181]', async () => {
    const { app } = setup();
    const double = app.task('double', (n: number) => n * 2);
    const two = app.task('two', async (n: number) => {
      await double.delay(n);
      await group([double.s(n + 1), double.s(n + 2)]).delay();
      return 'sent';
    });
    const result = await two.delay(1);
    const values = [];
    for await (const [, value] of result.collect()) values.push(value);
    expect(values).toEqual(['sent', 2, [4, 6], 4, 6]);
    expect(await result.getLeaf()).toBe(6);
    const edges = [];
    for await (const [parent, { id }] of result.iterdeps()) edges.push([parent?.id, id]);
    expect(edges[0]).toEqual([undefined, result.id]);
    const graph = await result.graph();
    expect([graph.nodes[0], graph.nodes.length, graph.edges.length]).toEqual([result.id, 5, 4]);
    expect(graph.toDot()).toContain(`"${result.id}" -> "${graph.nodes[1]}"`);
    const [flowchart, root, ...rest] = graph.toMermaid().split('\n');
    expect([flowchart, root]).toEqual(['flowchart TD', `  n0["${result.id}"]`]);
    expect(rest.filter((line) => line.includes('-->'))).toHaveLength(4);
  });

  test('that is not complete is an error, or gone past [CV-150]', async () => {
    const { app, store } = setup();
    await store('root', { children: [[['child', null], null]] });
    const ids = async (options: object): Promise<string[]> => {
      const found: string[] = [];
      for await (const [, { id }] of app.asyncResult('root').iterdeps(options)) found.push(id);
      return found;
    };
    expect(IncompleteStreamError.isInstance(await endOf(ids({})))).toBe(true);
    expect(await ids({ intermediate: true })).toEqual(['root', 'child']);
  });

  test('is gone through once, whatever a document says of its children', async () => {
    const { app, store } = setup();
    await store('root', { children: [[['root', null], null]] });
    expect((await app.asyncResult('root').graph()).nodes).toEqual(['root']);
    await store('odd', { children: [5 as never] });
    await expect(app.asyncResult('odd').children()).rejects.toThrow(TypeError);
    await store('quoted', { children: [[['a"\n', null], null]] });
    const quoted = await app.asyncResult('quoted').graph({ intermediate: true });
    expect(quoted.toDot()).toContain('"a\\"\\n"');
    expect(quoted.toMermaid()).toContain('n1["a#quot;#10;"]');
  });
});

describe('the tuple of a result', () => {
  test('is made and read as Celery does [CV-145, CV-146, CV-147, CV-144]', async () => {
    const { app, add } = setup();
    const total = app.task('total', (numbers: readonly number[]) => numbers.length);
    const result = await chain(chord([add.s(1, 1), add.s(2, 2)], total.s()), add.s(1)).delay();
    const tuple = result.asTuple();
    const again = app.resultFromTuple(JSON.parse(JSON.stringify(tuple)));
    expect(again.asTuple()).toEqual(tuple);
    expect(await again.get()).toBe(3);
    expect(again.asList()).toEqual([result.id, result.parent?.id, result.parent?.parent?.id]);
    const header = again.parent?.parent;
    expect(header !== undefined && 'results' in header && (await header.get())).toEqual([2, 4]);
  });

  test('may be an id without its parent [CV-146]', () => {
    const { app } = setup();
    expect(app.resultFromTuple(['id', null]).asTuple()).toEqual([['id', null], null]);
  });

  test.each([5, 'id', null, [], [[]], [[5, null], null], [['id', null], 5], [['id', 5], null], [['', null], null]])(
    '%j is none',
    (value) => {
      expect(() => setup().app.resultFromTuple(value)).toThrow(TypeError);
    },
  );
});
