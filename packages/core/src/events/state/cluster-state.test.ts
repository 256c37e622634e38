import { createLogger, type LogRecord, VirtualClock } from '@ctq/runtime';
import { describe, expect, test } from 'vitest';
import { EventMaker, startsAt } from '../../__fixtures__/event-maker.js';
import { ClusterState } from './cluster-state.js';
import type { ClusterStateOptions } from './cluster-state-options.js';

function scene(options: ClusterStateOptions = {}) {
  const clock = new VirtualClock();
  const lines: LogRecord[] = [];
  const logger = createLogger((line) => lines.push(line));
  return { clock, lines, make: new EventMaker(), state: new ClusterState({ clock, logger, ...options }) };
}

const ids = (tasks: Iterable<{ readonly uuid: string }>): string[] => [...tasks].map(({ uuid }) => uuid);

describe('A worker', () => {
  test('is known by what it tells of itself [WK-175]', async () => {
    const { clock, make, state } = scene();
    const told = {
      active: 3,
      processed: 40,
      loadavg: [1, 0.5, 0],
      sw_ident: 'py-celery',
      sw_ver: '5.6.3',
      sw_sys: 'Linux',
    };
    state.event(make.worker('heartbeat', told));
    const worker = state.workers.get('w1@host');
    expect(worker?.toJSON()).toEqual({
      ...{ hostname: 'w1@host', pid: 7, freq: 2, clock: 1, ...told },
      ...{ heartbeats: [startsAt + 1], counts: { 'worker-heartbeat': 1 } },
    });
    expect([worker?.id, worker?.status]).toEqual(['w1@host.7', 'ONLINE']);
    await clock.advance(6_000);
    expect(worker?.status).toBe('OFFLINE');
    expect(state.aliveWorkers()).toEqual([]);
  });

  test('is alive for two of its intervals after the last of four heartbeats [WK-172]', async () => {
    const { clock, make, state } = scene();
    for (let beat = 0; beat < 6; beat += 1) state.event(make.worker('heartbeat', { freq: 5 }));
    const worker = state.workers.get('w1@host');
    expect(worker?.heartbeats).toEqual([3, 4, 5, 6].map((second) => startsAt + second));
    await clock.advance(15_999);
    expect(state.aliveWorkers()).toEqual([worker]);
    await clock.advance(1);
    expect(state.aliveWorkers()).toEqual([]);
    // One that was on its way for long.
    state.event(make.worker('heartbeat', { local_received: startsAt + 4.5, timestamp: startsAt + 4 }));
    expect(worker?.heartbeats).toEqual([4, 4.5, 5, 6].map((second) => startsAt + second));
  });

  test('that shuts down is offline, and forgotten where somebody takes note of it [WK-174]', () => {
    const heard: string[] = [];
    const kept = scene();
    const told = scene({
      onNodeJoin: ({ hostname }) => heard.push(`${hostname} joined`),
      onNodeLeave: ({ hostname }) => heard.push(`${hostname} left`),
    });
    for (const { make, state } of [kept, told]) {
      state.event(make.worker('offline', { hostname: 'stranger@host' }));
      state.event(make.worker('heartbeat'));
      state.event(make.worker('online'));
      state.event(make.worker('offline'));
    }
    expect([...kept.state.workers.values()].map(({ hostname, status }) => [hostname, status])).toEqual([
      ['w1@host', 'OFFLINE'],
    ]);
    expect(told.state.workers.size).toBe(0);
    expect(heard).toEqual(['stranger@host left', 'w1@host joined', 'w1@host joined', 'w1@host left']);
  });

  test('whose clock is more than 16 seconds off is warned of, once [WK-173]', () => {
    const { lines, make, state } = scene();
    const late = { local_received: startsAt + 100, timestamp: startsAt + 83 };
    state.event(make.worker('heartbeat', { ...late, timestamp: startsAt + 84 }));
    expect(lines).toEqual([]);
    for (const hostname of ['w1@host', 'w1@host', 'w2@host'])
      state.event(make.worker('heartbeat', { ...late, hostname }));
    state.event(make.task('started', 'a', late));
    expect(lines.map(({ level, message }) => [level, message])).toEqual(
      ['w1@host', 'w2@host'].map((host) => [
        'warn',
        `Substantial drift from ${host} may mean clocks are out of sync.  Current drift is 17 seconds.  [orig: 2030-01-01T00:01:40.000Z recv: 2030-01-01T00:01:23.000Z]`,
      ]),
    );
  });
});

describe('A task', () => {
  test('is known by what its events tell [WK-176]', () => {
    const { make, state } = scene();
    const call = { name: 'add', args: '(2, 2)', kwargs: '{}', root_id: 'a', parent_id: null, retries: 0, eta: null };
    state.event(
      make.task('sent', 'a', { ...call, hostname: 'gen1@host', queue: 'sums', exchange: '', routing_key: 'sums' }),
    );
    expect([state.tasks.get('a')?.origin, state.tasks.get('a')?.worker]).toEqual(['gen1@host', undefined]);
    state.event(make.task('received', 'a', { ...call, expires: '2030-01-02T00:00:00+00:00' }));
    state.event(make.task('started', 'a'));
    state.event(make.task('succeeded', 'a', { result: '4', runtime: 0.25 }));
    const task = state.tasks.get('a');
    expect(task?.toJSON()).toEqual({
      ...{ uuid: 'a', ...call, state: 'SUCCESS', expires: '2030-01-02T00:00:00+00:00', parent: null, root: 'a' },
      ...{ sent: startsAt + 1, received: startsAt + 2, started: startsAt + 3, succeeded: startsAt + 4 },
      ...{ rejected: null, failed: null, retried: null, revoked: null, exception: null, traceback: null },
      ...{ result: '4', runtime: 0.25, timestamp: startsAt + 4, clock: 4, exchange: '', routing_key: 'sums' },
      ...{ client: 'gen1@host', worker: 'w1@host', children: [], more: { queue: 'sums' } },
    });
    expect([task?.name, task?.state, task?.isReady, task?.origin]).toEqual(['add', 'SUCCESS', true, 'w1@host.None']);
    expect(task?.root).toBe(task);
  });

  test.each([
    ['sent', 'PENDING'],
    ['received', 'RECEIVED'],
    ['started', 'STARTED'],
    ['failed', 'FAILURE'],
    ['retried', 'RETRY'],
    ['succeeded', 'SUCCESS'],
    ['revoked', 'REVOKED'],
    ['rejected', 'REJECTED'],
    ['half-done', 'HALF-DONE'],
    ['', ''],
  ])('of which task-%s was told is %s [WK-177]', (subject, expected) => {
    const { make, state } = scene();
    state.event(make.task(subject, 'a'));
    expect(state.tasks.get('a')?.state).toBe(expected);
  });

  test('does not go back when its events come in another order; being received tells its name all the same [WK-178]', () => {
    const { make, state } = scene();
    const received = make.task('received', 'a', { name: 'add', args: '(1,)', result: 'nonsense', retries: 3 });
    const started = make.task('started', 'a', { name: 'other' });
    state.event(make.task('succeeded', 'a', { result: '4' }));
    state.event(received);
    const { fields } = state.tasks.get('a') ?? {};
    expect(fields).toMatchObject({ state: 'SUCCESS', name: 'add', args: '(1,)', result: '4', retries: 3 });
    expect(fields).toMatchObject({ received: startsAt + 1, timestamp: startsAt + 3, clock: 3 });
    // Of other states Celery takes everything over but the state itself.
    state.event(started);
    expect(fields).toMatchObject({ state: 'SUCCESS', name: 'other', timestamp: startsAt + 2, clock: 2 });
  });

  test('that is retried may be received again [WK-178]', () => {
    const { make, state } = scene();
    for (const subject of ['received', 'started', 'retried', 'received']) state.event(make.task(subject, 'a'));
    expect(state.tasks.get('a')?.state).toBe('RECEIVED');
    expect(state.taskCount).toBe(2);
  });

  test('first heard of in a later state has no name until one comes', () => {
    const { make, state } = scene();
    state.event(make.task('started', 'a'));
    expect([state.tasks.get('a')?.name, state.taskTypes()]).toEqual([undefined, []]);
    state.event(make.task('progressed', 'a', { name: 'add', percent: 50 }));
    expect([state.tasks.get('a')?.name, state.taskTypes()]).toEqual(['add', ['add']]);
    expect(state.tasks.get('a')?.more.get('percent')).toBe(50);
  });

  test('knows its children, whichever was heard of first [WK-181]', () => {
    const { make, state } = scene({ maxTasks: 4 });
    state.event(make.task('received', 'early', { parent_id: 'parent', root_id: 'parent' }));
    state.event(make.task('received', 'parent', { parent_id: null }));
    state.event(make.task('received', 'late', { parent_id: 'parent' }));
    const parent = state.tasks.get('parent');
    expect(ids(parent?.children ?? [])).toEqual(['early', 'late']);
    expect([state.tasks.get('late')?.parent, state.tasks.get('early')?.root]).toEqual([parent, parent]);
    // A child that is forgotten is nobody's child; a parent is kept as long as there is news of its children.
    for (const uuid of ['other', 'another', 'third']) state.event(make.task('received', uuid));
    expect(ids(state.tasks.values())).toEqual(['parent', 'other', 'another', 'third']);
    expect(ids(parent?.children ?? [])).toEqual([]);
  });
});

describe('The state of a cluster', () => {
  test('has 5,000 workers and 10,000 tasks at most, those of which nothing was heard for longest go [WK-171]', () => {
    const { make, state } = scene();
    for (let n = 0; n < 5_001; n += 1) state.event(make.worker('heartbeat', { hostname: `w${n}@host` }));
    for (let n = 0; n < 10_001; n += 1) state.event(make.task('sent', `${n}`, { parent_id: n === 9_000 ? '0' : null }));
    expect([state.workers.size, state.workers.has('w0@host'), state.workers.has('w1@host')]).toEqual([
      5_000,
      false,
      true,
    ]);
    expect([state.tasks.size, state.tasks.has('0'), state.tasks.has('1')]).toEqual([10_000, true, false]);
    expect(ids(state.tasksByTime()).length).toBe(10_000);
  });

  test.each([0, -1, 1.5, Number.NaN])('has no limit of %d', (maxTasks) => {
    expect(() => new ClusterState({ maxTasks })).toThrow(`maxTasks is a whole number from 1, not ${maxTasks}.`);
  });

  test('is asked for tasks by time, type and worker, for types and workers [WK-179]', () => {
    const { make, state } = scene();
    state.event(make.task('received', 'a', { name: 'add' }));
    state.event(make.task('received', 'b', { name: 'mul', hostname: 'w2@host' }));
    state.event(make.task('received', 'c', { name: 'add' }));
    state.event(make.task('started', 'a'));
    // Late, and so by the clocks before everything else.
    state.event(make.task('sent', 'd', { name: 'add', clock: 0.5, hostname: 'gen@host' }));
    expect(ids(state.tasksByTime())).toEqual(['a', 'c', 'b', 'd']);
    expect(ids(state.tasksByTime({ limit: 2 }))).toEqual(['a', 'c']);
    expect(ids(state.tasksByTime({ reverse: true }))).toEqual(['d', 'a', 'b', 'c']);
    expect(ids(state.tasksByType('add', { limit: 2 }))).toEqual(['a', 'c']);
    expect(ids(state.tasksByWorker('w2@host'))).toEqual(['b']);
    expect(state.taskTypes()).toEqual(['add', 'mul']);
    expect([...state.tasks.keys()].slice(0, 2)).toEqual(['a', 'b']);
    expect([...state.workers.keys()]).toEqual(['w1@host', 'w2@host']);
  });

  test('orders events by logical clocks, of the same by who tells, and without them by time [WK-179]', () => {
    const { make, state } = scene();
    state.event(make.task('received', 'a', { clock: 9 }));
    state.event(make.task('received', 'b', { clock: 8 }));
    state.event(make.task('received', 'c', { clock: 9, hostname: 'a@host' }));
    expect(ids(state.tasksByTime({ reverse: true }))).toEqual(['b', 'c', 'a']);
    state.event(make.task('received', 'd', { clock: null, timestamp: startsAt }));
    expect(ids(state.tasksByTime({ reverse: true }))).toEqual(['d', 'b', 'c', 'a']);
  });

  test('does not change while somebody looks, and loses nothing [WK-180]', async () => {
    const { make, state } = scene();
    state.event(make.task('received', 'a'));
    const seen = await state.freezeWhile(async (frozen) => {
      state.event(make.task('succeeded', 'a'));
      state.event(make.worker('heartbeat', { hostname: 'w2@host' }));
      await Promise.resolve();
      return [frozen.tasks.get('a')?.state, frozen.workers.size];
    });
    expect(seen).toEqual(['RECEIVED', 1]);
    expect([state.tasks.get('a')?.state, state.workers.size, state.lostCount]).toEqual(['SUCCESS', 2, 0]);
    await state.freezeWhile(() => {
      for (let n = 0; n < 100_001; n += 1) state.event({ type: `held-${n}` });
    });
    expect([state.lostCount, state.eventCount]).toEqual([1, 100_003]);
    const failing = state.freezeWhile(() => Promise.reject(new Error('no film')), { clearAfter: true });
    await expect(failing).rejects.toThrow('no film');
    expect(state.tasks.size).toBe(1);
  });

  test('is cleared of what has ended, or of everything [WK-180]', async () => {
    const { make, state } = scene();
    state.event(make.task('succeeded', 'done'));
    state.event(make.task('started', 'running'));
    await state.freezeWhile(() => undefined, { clearAfter: true });
    expect([ids(state.tasks.values()), state.workers.size, state.eventCount, state.taskCount]).toEqual([
      ['running'],
      0,
      0,
      0,
    ]);
    expect(state.tasksByTime()).toEqual([]);
    state.event(make.task('half-done', 'running'));
    expect(ids(state.tasksByTime())).toEqual(['running']);
    state.clearTasks({ ready: false });
    expect([state.tasks.size, state.workers.size]).toEqual([0, 1]);
    state.clear();
    expect(state.workers.size).toBe(0);
  });

  test('survives in a file [WK-182]', () => {
    const { make, state } = scene();
    state.event(make.worker('heartbeat', { processed: 4, loadavg: [1, 2, 3] }));
    state.event(make.task('received', 'child', { name: 'add', parent_id: 'parent' }));
    state.event(make.task('sent', 'parent', { name: 'mul', hostname: 'gen@host', queue: 'q' }));
    state.event(make.task('retried', 'child', { exception: "ValueError('x')", hostname: 'w2@host' }));
    const text = JSON.stringify(state);
    const again = ClusterState.restore(JSON.parse(text), { clock: new VirtualClock() });
    expect(JSON.parse(JSON.stringify(again))).toEqual(JSON.parse(text));
    expect(ids(again.tasksByTime())).toEqual(['child', 'parent']);
    expect(again.tasks.get('child')?.parent).toBe(again.tasks.get('parent'));
    expect(again.workers.get('w2@host')).toBe(again.tasks.get('child')?.worker);
    again.event(make.task('succeeded', 'child'));
    expect(again.tasks.get('child')?.state).toBe('SUCCESS');
  });

  test.each([null, 7, 'text', [], {}, { version: 2 }])('is not restored from %j', (saved) => {
    expect(() => ClusterState.restore(saved)).toThrow('This is no snapshot of the state of a cluster');
  });

  test('is restored as far as it can be read', () => {
    const state = ClusterState.restore({
      ...{ version: 1, eventCount: -1, taskCount: '7', taskTypes: [1, 'add'] },
      workers: [
        null,
        {},
        { hostname: 'w@host', heartbeats: [2, 'x', 1, 3, 4, 5], freq: null, counts: { a: 1, b: 'x' } },
      ],
      tasks: [null, {}, { uuid: 'a', worker: 7, name: 7, received: 'x', more: 7 }, { uuid: 'a', state: 'STARTED' }],
    });
    expect([state.eventCount, state.taskCount, state.taskTypes()]).toEqual([0, 0, ['add']]);
    expect(state.workers.get('w@host')?.toJSON()).toMatchObject({
      heartbeats: [2, 3, 4, 5],
      freq: 60,
      counts: { a: 1 },
    });
    expect([state.tasks.size, state.tasks.get('a')?.state]).toEqual([1, 'STARTED']);
  });

  test('tells who wants to know of every event, and goes on when that fails', () => {
    const heard: unknown[] = [];
    const { lines, make, state } = scene({
      onEvent: ({ type }) => {
        heard.push(type);
        throw new Error('listener');
      },
    });
    state.event(make.worker('online'));
    state.event({ type: 'order-packed' });
    state.event({ type: 'lonely' });
    expect([heard, state.eventCount, lines.length]).toEqual([['worker-online', 'order-packed', 'lonely'], 3, 3]);
    expect(state.workers.size).toBe(1);
  });

  test('counts events of workers by type', () => {
    const { make, state } = scene();
    for (const subject of ['received', 'started', 'received']) state.event(make.task(subject, 'a'));
    state.event(make.task('sent', 'b', { hostname: 'gen@host' }));
    expect([...(state.workers.get('w1@host')?.counts ?? [])]).toEqual([
      ['task-received', 2],
      ['task-started', 1],
    ]);
  });

  test('of 200 workers with tasks of ever new names and parents stays within its bounds', () => {
    const { make, state } = scene({ maxTasks: 1_000 });
    const waiting: string[] = [];
    for (let n = 0; n < 20_000; n += 1) {
      const hostname = `w${n % 200}@host`;
      if (n % 50 === 0) state.event(make.worker('heartbeat', { hostname }));
      state.event(make.task('received', `${n}`, { hostname, name: `task${n}`, parent_id: `nobody${n}` }));
      waiting.push(`${n}`);
      state.event(make.task('succeeded', waiting.splice((n * 7) % waiting.length, 1)[0] ?? '', { hostname }));
    }
    expect([state.workers.size, state.tasks.size, state.taskTypes().length]).toEqual([200, 1_000, 10_000]);
    expect(state.tasksByTime().length).toBe(1_000);
    expect(state.eventCount).toBe(40_400);
  });
});
