import { VirtualClock } from '@ctq/runtime';
import { describe, expect, test } from 'vitest';
import { Ctq } from '../app/ctq.js';
import { memoryBackend } from '../backend/memory-backend.js';
import type { ResultBackend } from '../backend/result-backend.js';
import { BackendReadError, ResultTimeoutError } from '../errors/result-errors.js';
import type { TreeChange, WatchOptions, WorkflowHandle } from './result-handle.js';
import type { ResultRecord, ResultTuple } from './result-record.js';
import { storedError } from './stored-error.js';

const failed = { status: 'FAILURE', result: storedError(new RangeError('too much')) } as const;
const revoked = { status: 'REVOKED', result: storedError(new Error('revoked')) } as const;

const task = (id: string, parent: ResultTuple | null = null): ResultTuple => [[id, parent], null];
const groupOf = (id: string, members: readonly ResultTuple[], parent: ResultTuple | null = null): ResultTuple => [
  [id, parent],
  members,
];

/** Results as workers elsewhere store them, and what is asked of the backend for them. */
function setup({ polls = false } = {}) {
  const clock = new VirtualClock();
  const inner = memoryBackend();
  const watched = new Set<string>();
  const looks: (readonly string[])[] = [];
  let isAway = false;
  const backend: ResultBackend = {
    spec: 1,
    name: inner.name,
    url: inner.url,
    supports: inner.supports,
    open: (context, signal) => inner.open(context, signal),
    close: () => inner.close(),
    store: (records) => inner.store(records),
    forget: (ids) => inner.forget(ids),
    getMany(ids) {
      looks.push(ids);
      return isAway ? Promise.reject(new BackendReadError('Nobody there.', { recoverable: true })) : inner.getMany(ids);
    },
    ...(polls
      ? {}
      : {
          notifier: {
            async listen(onStored) {
              const listener = await inner.notifier?.listen(onStored);
              return {
                watch: async (ids) => ids.forEach((id) => watched.add(id)),
                unwatch: async (ids) => ids.forEach((id) => watched.delete(id)),
                close: async () => listener?.close(),
              };
            },
          },
        }),
  };
  const app = new Ctq('shop', { backend, clock });
  return {
    ...{ app, clock, watched, looks },
    store: (taskId: string, change: Partial<ResultRecord> = {}): Promise<void> =>
      app.kernel.results.store({
        ...{ taskId, status: 'SUCCESS', result: taskId, traceback: null, children: [], dateDone: null },
        ...change,
      }),
    of: (tuple: ResultTuple) => app.resultFromTuple(tuple),
    setAway(away: boolean): void {
      isAway = away;
    },
  };
}

/** Follows a workflow to its end; what it has seen is there while it goes on. */
function follow(handle: WorkflowHandle, options?: WatchOptions) {
  const seen: TreeChange[] = [];
  const ended = (async () => {
    for await (const change of handle.watchTree(options)) seen.push(change);
    return seen;
  })();
  return { seen, ended };
}

const briefly = (changes: readonly TreeChange[]): string[] =>
  changes.map(({ id, state, counts: { done, known } }) => `${id} ${state} ${done}/${known}`);

describe.each([
  ['told of', { polls: false }],
  ['polled', { polls: true }],
])('A workflow whose results are %s', (_how, options) => {
  test('is followed through its parents, groups and chords', async () => {
    const { of, store, clock } = setup(options);
    const header = groupOf('header', [task('b'), task('d', task('c'))], task('a'));
    const { seen, ended } = follow(of(task('body', header)));
    for (const id of ['a', 'b', 'c', 'd', 'body']) {
      await store(id);
      await clock.advance(1_000);
    }
    await ended;
    expect(briefly(seen)).toEqual(['a', 'b', 'c', 'd', 'body'].map((id, index) => `${id} SUCCESS ${index + 1}/5`));
    expect(seen.at(-1)).toMatchObject({ kind: 'success', value: 'body', result: { id: 'body' } });
  });

  test('grows by what its tasks have sent, and ends when that has ended', async () => {
    const { of, store, clock } = setup(options);
    const { seen, ended } = follow(of(task('root')));
    await store('root', { status: 'PROGRESS', result: { done: 1 } });
    await clock.advance(1_000);
    await store('root', { children: [task('child'), groupOf('group', [task('one'), task('two')])] });
    await clock.advance(1_000);
    await store('one');
    await store('two', failed);
    await clock.advance(1_000);
    await store('child', { children: [task('grandchild')] });
    await clock.advance(1_000);
    await store('grandchild', revoked);
    await clock.advance(1_000);
    await ended;
    const brief = briefly(seen);
    expect(brief.slice(0, 2)).toEqual(['root PROGRESS 0/1', 'root SUCCESS 1/4']);
    expect(
      brief
        .slice(2, 4)
        .map((text) => text.slice(0, 3))
        .sort(),
    ).toEqual(['one', 'two']);
    expect(brief.slice(4)).toEqual(['child SUCCESS 4/5', 'grandchild REVOKED 5/5']);
    expect(seen.at(-1)?.counts).toEqual({ known: 5, done: 5, succeeded: 3, failed: 1, revoked: 1 });
    expect(seen.find(({ id }) => id === 'two')).toMatchObject({ kind: 'failure', error: { message: 'too much' } });
  });
});

describe('Following a workflow', () => {
  test('begins with what is stored: states on their way and ends, each once', async () => {
    const { of, store } = setup();
    await store('one');
    await store('two', { status: 'STARTED', result: { pid: 1 } });
    const changes = of(groupOf('group', [task('one'), task('one'), task('two')])).watchTree();
    const found = [];
    for await (const change of changes) {
      found.push(change);
      if (change.state === 'STARTED') await store('two');
    }
    expect(briefly(found)).toEqual(['one SUCCESS 1/2', 'two STARTED 1/2', 'two SUCCESS 2/2']);
  });

  test('of results that were gathered by hand is over when all of them have ended', async () => {
    const { app, store } = setup();
    await store('one');
    await store('two');
    const set = app.resultSet(['one', 'two'].map((id) => app.asyncResult(id)));
    expect(briefly(await follow(set).ended)).toEqual(['one SUCCESS 1/2', 'two SUCCESS 2/2']);
  });

  test('of nothing is over at once', async () => {
    const { app } = setup();
    expect(await follow(app.groupResult('group', [])).ended).toEqual([]);
  });

  test('ends where a failure is stored for what followed it', async () => {
    const { of, store } = setup();
    await store('a', failed);
    await store('b', failed);
    await store('c', failed);
    const changes = await follow(of(task('c', task('b', task('a'))))).ended;
    expect(changes.at(-1)?.counts).toEqual({ known: 3, done: 3, succeeded: 0, failed: 3, revoked: 0 });
  });

  test('ends where nothing is stored for what followed a task that was revoked, once all else is over', async () => {
    const { of, store, clock } = setup();
    const header = groupOf('header', [task('b', task('b1')), task('c')], task('a'));
    const { seen, ended } = follow(of(groupOf('all', [task('end', task('body', header)), task('other')])));
    await store('a', revoked);
    await clock.advance(60_000);
    expect(briefly(seen)).toEqual(['a REVOKED 1/7']);
    await store('other');
    await clock.advance(4_999);
    await store('body', failed);
    await clock.advance(4_999);
    expect(await Promise.race([ended, 'goes on'])).toBe('goes on');
    await clock.advance(1);
    expect(briefly(await ended).slice(1)).toEqual(['other SUCCESS 2/7', 'body FAILURE 3/7']);
  });

  test('does not end for that while the backend is away', async () => {
    const { of, store, clock, setAway } = setup({ polls: true });
    await store('a', revoked);
    const { seen, ended } = follow(of(task('b', task('a'))));
    await clock.advance(4_000);
    setAway(true);
    await clock.advance(60_000);
    await store('b', revoked);
    setAway(false);
    await clock.advance(1_000);
    await ended;
    expect(briefly(seen)).toEqual(['a REVOKED 1/2', 'b REVOKED 2/2']);
  });

  test('does not wait for what ignores its results', async () => {
    const { app, store } = setup();
    await store('root');
    const quiet = await app.task('quiet', () => 1).applyAsync([], { ignoreResult: true });
    const both = app.resultSet<unknown>([quiet, app.asyncResult('root')]);
    expect(briefly(await follow(both).ended)).toEqual(['root SUCCESS 1/1']);
    await app.close();
  });

  test('gives a slow loop every end, and of what comes before the latest states', async () => {
    const { of, store, clock } = setup();
    const ids = Array.from({ length: 500 }, (_, n) => `task-${n}`);
    const watching = of(groupOf('group', [task('slow'), ...ids.map((id) => task(id))])).watchTree({ buffer: 2 });
    const first = watching.next();
    await clock.advance(0);
    for (const done of [0, 1, 2, 3, 4]) {
      await store('slow', { status: 'PROGRESS', result: done });
      await clock.advance(0);
    }
    for (const id of ids) await store(id);
    await store('slow');
    await clock.advance(0);
    const seen = [(await first).value as TreeChange];
    for await (const change of watching) seen.push(change);
    const progress = seen.filter(({ kind }) => kind === 'progress');
    expect(progress.map((change) => change.kind === 'progress' && change.meta)).toEqual([0, 3, 4]);
    expect(seen.filter(({ kind }) => kind === 'success')).toHaveLength(501);
    expect(seen.at(-1)?.counts.done).toBe(501);
  });

  test('looks for all of a group at once, and for none that has ended', async () => {
    const { of, store, clock, looks, watched } = setup();
    const ids = Array.from({ length: 1_000 }, (_, n) => `task-${n}`);
    const { ended } = follow(
      of(
        groupOf(
          'group',
          ids.map((id) => task(id)),
        ),
      ),
    );
    await clock.advance(0);
    expect(looks.map(({ length }) => length)).toEqual([1_000]);
    for (const id of ids.slice(1)) await store(id);
    await clock.advance(0);
    expect([...watched]).toEqual(['task-0']);
    looks.length = 0;
    await clock.advance(5_000);
    expect(looks).toEqual([['task-0']]);
    await store('task-0');
    await ended;
  });

  test('looks at once for what all of a group have sent', async () => {
    const { of, store, looks } = setup();
    const ids = Array.from({ length: 1_000 }, (_, n) => `task-${n}`);
    const members = ids.map((id) => task(id));
    await Promise.all(ids.map((id) => store(id, { children: [task(`${id}-child`)] })));
    await Promise.all(ids.map((id) => store(`${id}-child`)));
    const changes = await follow(of(groupOf('group', members))).ended;
    expect(changes.at(-1)?.counts.done).toBe(2_000);
    expect(looks.map(({ length }) => length)).toEqual([1_000, 1_000]);
  });

  test('ends when the loop is left, with the timeout, at the abort and with the app, and leaves nothing behind', async () => {
    const { app, of, store, clock, watched, looks } = setup();
    const workflow = of(task('b', task('a')));
    const stop = new AbortController();
    await store('a', { status: 'STARTED' });
    for await (const change of workflow.watchTree()) {
      expect(change.id).toBe('a');
      break;
    }
    const ends = [{ timeout: 1 }, { signal: stop.signal }].map((options) =>
      follow(workflow, options).ended.catch((error: unknown) => error),
    );
    await clock.advance(1_000);
    const timeout = await ends[0];
    expect(timeout).toBeInstanceOf(ResultTimeoutError);
    expect(String(timeout)).toContain('2 of 2 tasks of the workflow were not ready within 1s');
    stop.abort(new Error('enough'));
    expect(await ends[1]).toEqual(new Error('enough'));
    await clock.advance(0);
    expect([...watched]).toEqual([]);
    looks.length = 0;
    await clock.advance(60_000);
    expect(looks).toEqual([]);
    const last = follow(workflow).ended.catch(String);
    await clock.advance(0);
    await app.close();
    expect(await last).toContain('closed');
  });

  test('ends with the error of a document that says what is no child', async () => {
    const { of, store } = setup();
    await store('odd', { children: [5 as never] });
    await expect(follow(of(task('odd'))).ended).rejects.toThrow(TypeError);
  });

  test('of 5,000 steps takes each of them', async () => {
    const { of, store } = setup();
    let tuple: ResultTuple | null = null;
    for (let step = 0; step < 5_000; step += 1) {
      tuple = task(`step-${step}`, tuple);
      void store(`step-${step}`);
    }
    const changes = await follow(of(tuple as ResultTuple)).ended;
    expect(changes.at(-1)?.counts).toEqual({ known: 5_000, done: 5_000, succeeded: 5_000, failed: 0, revoked: 0 });
  });
});
