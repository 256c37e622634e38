import { type AppOptions, chord } from '@ctq/core';
import { breakableTransport } from '@ctq/messaging/conformance';
import { VirtualClock } from '@ctq/runtime';
import { describe, expect, test } from 'vitest';
import { workerDies } from '../__fixtures__/worker-dies.js';
import { WorkerScene } from '../__fixtures__/worker-scene.js';
import { ExpiringIds } from './expiring-ids.js';

const deduplicating = (options: AppOptions = {}) =>
  new WorkerScene({ workerDeduplicateSuccessfulTasks: true, ...options });

const completed = /Task already completed successfully\./;

/** What a worker that died after it had stored an outcome has left of its call. */
async function stored(
  scene: WorkerScene,
  id: string,
  result: unknown,
  more: { status?: string; children?: readonly [[string, null], null][] } = {},
): Promise<void> {
  const { results } = scene.app.kernel;
  const record = { taskId: id, status: 'SUCCESS', result, traceback: null, children: [], dateDone: results.dateDone() };
  await results.store({ ...record, ...more });
}

const notBegun = (): 'not begun' => 'not begun';

describe('A message that is delivered again after the success of its task', () => {
  test('is acknowledged and the function is not called [TR-299, ST-192]', async () => {
    await using scene = deduplicating();
    let calls = 0;
    const task = scene.app.task('task', () => (calls += 1));
    const { id } = await task.delay();
    await stored(scene, id, 'of the first run');
    await workerDies(scene, notBegun);
    const worker = await scene.start();
    expect((await scene.line(completed)).message).toBe(`Task task[${id}] Task already completed successfully.`);
    await worker.stop();
    expect(calls).toBe(0);
    expect(await scene.waiting()).toBe(0);
    expect(await scene.app.asyncResult(id).get()).toBe('of the first run');
  });

  test('is run again where the setting is off, as it is by default [ST-192]', async () => {
    await using scene = new WorkerScene();
    const ran: string[] = [];
    const task = scene.app.task('task', { bind: true }, (ctx) => void ran.push(ctx.request.id));
    const { id } = await task.delay();
    await stored(scene, id, null);
    await workerDies(scene, notBegun);
    await scene.start();
    await scene.line(/succeeded/);
    expect(ran).toEqual([id]);
  });

  test('completes the chord of which its worker could not tell any more', async () => {
    await using scene = deduplicating();
    let calls = 0;
    const member = scene.app.task('member', (n: number) => {
      calls += 1;
      return n;
    });
    const sum = scene.app.task('sum', (all: number[]) => all.reduce((a, b) => a + b, 0));
    const result = await chord([member.s(1).set({ queue: 'first' }), member.s(2)], sum.s()).delay();
    const id = await idOf(scene, 'first');
    await stored(scene, id, 10);
    await workerDies(scene, notBegun, 'first');
    await scene.start({ queues: ['celery', 'first'] });
    expect(await result.get()).toBe(12);
    expect(calls).toBe(1);
  });

  test.each([
    ['no child is', [], ['next 5']],
    ['a child is', [[['somebody', null], null]] as [[string, null], null][], []],
  ])('sends its callbacks where %s known of [TR-299]', async (_what, children, expected) => {
    await using scene = deduplicating();
    const journal: string[] = [];
    const first = scene.app.task('first', () => 1);
    const next = scene.app.task('next', (n: number) => void journal.push(`next ${n}`));
    const { id } = await first.applyAsync([], { link: next.s(), queue: 'first' });
    await stored(scene, id, 5, { children });
    await workerDies(scene, notBegun, 'first');
    const worker = await scene.start({ queues: ['celery', 'first'] });
    await scene.line(completed);
    if (expected.length > 0) await scene.line(/next.*succeeded/);
    await worker.stop();
    expect(journal).toEqual(expected);
    expect(await scene.waiting()).toBe(0);
  });

  test.each(['FAILURE', 'RETRY', 'STARTED'])('is run when what is known is %s', async (status) => {
    await using scene = deduplicating();
    const task = scene.app.task('task', () => 'second');
    const { id } = await task.delay();
    await stored(scene, id, { excType: 'Error', excMessage: ['x'], excModule: 'builtins' }, { status });
    await workerDies(scene, notBegun);
    await scene.start();
    await scene.line(/succeeded/);
    expect(await scene.app.asyncResult(id).get()).toBe('second');
  });

  test('is known to the worker that ran it, also when its result is ignored', async () => {
    const { transport, cut } = breakableTransport();
    await using scene = deduplicating({ broker: transport });
    let calls = 0;
    const task = scene.app.task(
      'task',
      {
        ignoreResult: true,
        onSuccess: () => {
          if (calls === 1) cut();
        },
      },
      () => void (calls += 1),
    );
    await scene.start();
    await task.delay();
    await scene.line(/Couldn't settle a message/);
    const skipped = scene.line(completed);
    await scene.clock.advance(5_000);
    await skipped;
    expect(calls).toBe(1);
  });
});

describe('ExpiringIds', () => {
  test('remembers so many, for so long [ST-242, RC-156]', async () => {
    const clock = new VirtualClock();
    const ids = new ExpiringIds({ max: 2, expiresMs: 1_000, clock });
    for (const id of 'abc') ids.add(id);
    expect(['a', 'b', 'c'].map((id) => ids.has(id))).toEqual([false, true, true]);
    await clock.advance(500);
    ids.add('b');
    ids.add('d');
    expect(['b', 'c', 'd'].map((id) => ids.has(id))).toEqual([true, false, true]);
    await clock.advance(999);
    expect(ids.size).toBe(2);
    await clock.advance(1);
    expect([ids.has('b'), ids.size]).toEqual([false, 0]);
  });
});

async function idOf(scene: WorkerScene, queue: string): Promise<string> {
  await using connection = await scene.app.connect();
  const channel = await connection.openChannel();
  const delivery = await channel.get(queue);
  await channel.close();
  return String(delivery?.message.headers['id']);
}
