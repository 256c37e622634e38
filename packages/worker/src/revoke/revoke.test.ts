import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AppOptions, chord, TaskRevokedError } from '@ctq/core';
import { type KeyValueStore, memoryBackend, memoryStore } from '@ctq/core/backend';
import { deferred, VirtualClock } from '@ctq/runtime';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WorkerScene } from '../__fixtures__/worker-scene.js';
import { Revocations } from './revocations.js';

const failureOf = (result: { get(): Promise<unknown> }): Promise<unknown> =>
  result.get().then(
    () => undefined,
    (error: unknown) => error,
  );

function setup(options: AppOptions = {}) {
  const scene = new WorkerScene(options);
  const ran: unknown[] = [];
  const task = scene.app.task('task', (name: string) => void ran.push(name));
  return { scene, ran, task, [Symbol.asyncDispose]: () => scene[Symbol.asyncDispose]() };
}

/** Results in memory, and what is shared in that store. */
const over = (store: KeyValueStore) => Object.assign(memoryBackend(), { keyValueStore: () => store });

describe('A revoked call', () => {
  test('is discarded when it comes in: REVOKED, acknowledged, told [TR-242, TR-243, TR-247]', async () => {
    await using call = setup();
    const { scene, task } = call;
    const told: unknown[] = [];
    scene.app.signals.taskRevoked.connect(({ id, terminated, signum, expired }) =>
      told.push({ id, terminated, signum, expired }),
    );
    const result = await task.delay('a');
    const other = await task.delay('b');
    await scene.app.revoke(result);
    const worker = await scene.start();
    expect((await scene.line(/Discarding/)).message).toBe(`Discarding revoked task: task[${result.id}]`);
    const error = await failureOf(result);
    expect(error).toBeInstanceOf(TaskRevokedError);
    expect(error).toMatchObject({ reason: 'revoked' });
    expect(await result.state()).toBe('REVOKED');
    await other.get();
    await worker.stop();
    expect(told).toEqual([{ id: result.id, terminated: false, signum: null, expired: false }]);
    expect(call.ran).toEqual(['b']);
    expect(await scene.waiting()).toBe(0);
  });

  test('that waits for a slot is discarded before it runs [TR-242]', async () => {
    await using call = setup();
    const { scene, task } = call;
    const begun = deferred();
    const go = deferred();
    const first = scene.app.task('first', async () => {
      begun.resolve();
      await go.promise;
    });
    await scene.start({ concurrency: 1, prefetchMultiplier: 0 });
    await first.delay();
    await begun.promise;
    const waiting = await task.delay('a');
    await scene.line(new RegExp(`${waiting.id}.* received`));
    await scene.app.revoke([waiting.id]);
    go.resolve();
    expect(await failureOf(waiting)).toMatchObject({ reason: 'revoked' });
    expect(call.ran).toEqual([]);
  });

  test('that was parked until it is due is discarded then', async () => {
    await using call = setup();
    const { scene, task } = call;
    await scene.start();
    const later = await task.applyAsync(['a'], { countdown: 60 });
    await scene.line(/ETA/);
    await scene.app.revoke(later.id);
    await scene.clock.advance(60_000);
    expect(await failureOf(later)).toMatchObject({ reason: 'revoked' });
    expect(call.ran).toEqual([]);
  });

  test('is heard of within ten seconds where the store cannot tell', async () => {
    await using call = setup({ backend: over(Object.assign(memoryStore(), { watch: undefined })) });
    const { scene, task, ran } = call;
    await scene.start();
    const later = await task.applyAsync(['a'], { countdown: 60 });
    await scene.app.revoke(later.id);
    await scene.clock.advance(60_000);
    expect(await failureOf(later)).toMatchObject({ reason: 'revoked' });
    expect(ran).toEqual([]);
  });

  test('is heard of when a store that was away at the start is back, and its absence is said once', async () => {
    const store = memoryStore();
    const { getMany } = store;
    let isAway = true;
    const away = (keys: readonly string[]): ReturnType<typeof getMany> =>
      isAway ? Promise.reject(new Error('the store is away')) : getMany.call(store, keys);
    await using call = setup({ backend: over(Object.assign(store, { getMany: away })) });
    const { scene, task, ran } = call;
    await scene.start();
    await scene.clock.advance(30_000);
    expect(scene.lines.filter(({ message }) => /store is away/.test(message))).toHaveLength(1);
    const later = await task.applyAsync(['a'], { countdown: 60 });
    await scene.app.revoke(later.id);
    isAway = false;
    await scene.clock.advance(60_000);
    expect(await failureOf(later)).toMatchObject({ reason: 'revoked' });
    expect(ran).toEqual([]);
  });

  test('of a chord is a failed part of it [TR-248]', async () => {
    await using call = setup();
    const { scene, task } = call;
    const body = scene.app.task('body', (all: unknown[]) => all.length);
    const result = await chord([task.s('a').set({ taskId: 'revoke-me' }), task.s('b')], body.s()).delay();
    await scene.app.revoke('revoke-me');
    await scene.start();
    await expect(result.get()).rejects.toThrow(/Dependency revoke-me raised/);
  });

  test('is revoked in one worker only by that worker', async () => {
    await using call = setup({ backend: Object.assign(memoryBackend(), { keyValueStore: undefined }) });
    const { scene, task, ran } = call;
    const worker = await scene.start();
    worker.revoke(['one', 'two']);
    const results = [];
    for (const taskId of ['one', 'three']) results.push(await task.applyAsync([taskId], { taskId }));
    await Promise.all(results.map(failureOf));
    expect(ran).toEqual(['three']);
  });
});

describe('Calls that are revoked by a stamped header', () => {
  test.each([
    ['its value', { tenant: 'a' }, { tenant: ['a', 'b'] }, "{'tenant': 'a'}"],
    ['one of its values', { tenant: ['x', 'b'] }, { tenant: ['a', 'b'] }, "{'tenant': 'b'}"],
  ])('are those with %s [TR-243]', async (_what, stamps, revoked, shown) => {
    await using call = setup();
    const { scene, task, ran } = call;
    await scene.app.revokeByStampedHeaders(revoked);
    const result = await task.applyAsync(['stamped'], { stamps });
    const other = await task.applyAsync(['other'], { stamps: { tenant: 'c' } });
    await scene.start();
    expect(await failureOf(result)).toMatchObject({ reason: 'revoked' });
    expect((await scene.line(/Discarding/)).message).toContain(` (revoked by header: ${shown})`);
    await other.get();
    expect(ran).toEqual(['other']);
  });

  test('are judged by the first stamped header of which anything is revoked [TR-245]', () => {
    const scene = new WorkerScene();
    const revocations = new Revocations(scene.app.kernel);
    revocations.add([
      { header: 'tenant', value: 'a', at: scene.clock.now() },
      { header: 'batch', value: 7, at: scene.clock.now() },
    ]);
    const of = (stamps: Record<string, unknown>) =>
      revocations.of({ ...{ id: 'x', rootId: 'x', parentId: null }, stampedHeaders: Object.keys(stamps), stamps });
    expect(of({ other: 1, batch: 7, tenant: 'b' })).toEqual({ header: { batch: 7 } });
    expect(of({ tenant: 'b', batch: 7 })).toBeUndefined();
    expect(of({})).toBeUndefined();
  });
});

describe('A task that is revoked while it runs', () => {
  const aborted = (signal: AbortSignal) =>
    new Promise<never>((_, reject) =>
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }),
    );

  test('goes on, and succeeds', async () => {
    await using call = setup();
    const { scene } = call;
    const begun = deferred();
    const go = deferred();
    const long = scene.app.task('long', async () => {
      begun.resolve();
      await go.promise;
      return 'done';
    });
    await scene.start();
    const result = await long.delay();
    await begun.promise;
    await scene.app.revoke(result);
    go.resolve();
    expect(await result.get()).toBe('done');
  });

  test('with terminate is told by its signal, and REVOKED when it leaves [TR-247]', async () => {
    await using call = setup();
    const { scene } = call;
    const begun = deferred();
    const long = scene.app.task('long', { bind: true }, async (ctx) => {
      begun.resolve();
      await aborted(ctx.signal);
    });
    const told = deferred<unknown>();
    scene.app.signals.taskRevoked.connect(({ terminated, signum }) => told.resolve({ terminated, signum }));
    const worker = await scene.start();
    const result = await long.delay();
    await begun.promise;
    await scene.app.revoke(result, { terminate: true });
    expect(await failureOf(result)).toMatchObject({ reason: 'terminated' });
    expect(await told.promise).toEqual({ terminated: true, signum: null });
    await worker.stop();
    expect(await scene.waiting()).toBe(0);
  });
});

describe('What a worker remembers', () => {
  function stateFile(): string {
    const folder = mkdtempSync(join(tmpdir(), 'ctq-state-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    return folder;
  }

  test('is in workerStateDb when it starts again, ids and stamps [WK-014, ST-211, RC-158]', async () => {
    const folder = stateFile();
    const workerStateDb = join(folder, '%n.state');
    {
      await using call = setup({ workerStateDb });
      const worker = await call.scene.start();
      worker.revoke('one');
      worker.revokeByStampedHeaders({ tenant: 'a' });
      await worker.stop();
    }
    expect(readdirSync(folder)).toEqual(['w1.state']);
    await using call = setup({ workerStateDb });
    const { scene, task, ran } = call;
    await scene.start();
    const results = [
      await task.applyAsync(['one'], { taskId: 'one' }),
      await task.applyAsync(['stamped'], { stamps: { tenant: 'a' } }),
      await task.applyAsync(['two'], { taskId: 'two' }),
    ];
    await Promise.all(results.map(failureOf));
    expect(ran).toEqual(['two']);
  });

  test('is written while it runs', async () => {
    const path = join(stateFile(), 'state');
    await using call = setup({ workerStateDb: path });
    const worker = await call.scene.start();
    worker.revoke('one');
    await call.scene.clock.advance(30_000);
    await expect.poll(() => readFileSync(path, 'utf8')).toContain('"one"');
  });

  test('is not begun without when the file is no state', async () => {
    const path = join(stateFile(), 'state');
    writeFileSync(path, '{"version": 9}');
    await using call = setup({ workerStateDb: path });
    await expect(call.scene.start()).rejects.toMatchObject({ code: 'CTQ_BAD_STATE_FILE' });
    expect(readFileSync(path, 'utf8')).toBe('{"version": 9}');
  });

  test('is so much, for so long [ST-241, RC-154, RC-155]', async () => {
    const clock = new VirtualClock();
    await using scene = new WorkerScene({ clock, workerRevokesMax: 2, workerRevokeExpires: '1h' });
    const revocations = new Revocations(scene.app.kernel);
    const isRevoked = (id: string): boolean =>
      revocations.of({ ...{ id, rootId: id, parentId: null }, stampedHeaders: null, stamps: {} }) !== undefined;
    const ids = ['a', 'b', 'c'];
    revocations.add(ids.map((id) => ({ id, at: clock.now() })));
    expect(ids.map(isRevoked)).toEqual([false, true, true]);
    await clock.advance(3_600_000);
    expect(ids.map(isRevoked)).toEqual([false, false, false]);
    expect(revocations.entries()).toEqual([]);
  });

  test('includes what has expired [TR-244]', async () => {
    await using call = setup();
    const { scene, task } = call;
    const result = await task.applyAsync(['a'], { expires: 1 });
    await scene.clock.advance(1_000);
    const worker = await scene.start();
    expect(await failureOf(result)).toMatchObject({ reason: 'expired' });
    const again = await task.applyAsync(['again'], { taskId: result.id });
    await scene.line(/Discarding/);
    expect(await failureOf(again)).toBeInstanceOf(TaskRevokedError);
    await worker.stop();
    expect(call.ran).toEqual([]);
  });
});
