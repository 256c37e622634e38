import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type AnyResult,
  type AppOptions,
  type AsyncResult,
  chain,
  ChordError,
  chord,
  group,
  type ResultTuple,
  TaskRevokedError,
} from '@ctq/core';
import { memoryBackend } from '@ctq/core/backend';
import { deferred } from '@ctq/runtime';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WorkerScene } from '../__fixtures__/worker-scene.js';

/** A program whose task `gate` runs until it is let go. */
function setup(options: AppOptions = {}) {
  const scene = new WorkerScene(options);
  const { app } = scene;
  const ran: unknown[] = [];
  const begun = deferred();
  const go = deferred();
  const probe = app.task('probe', () => undefined);
  return {
    ...{ scene, app, ran, begun, go },
    /** Resolves when the worker knows of all that was revoked before: it hears of it in its order. */
    async heard(): Promise<void> {
      for (let isHeard = false; !isHeard; ) {
        const taskId = crypto.randomUUID();
        await app.revoke(taskId);
        isHeard = TaskRevokedError.isInstance(await failureOf(await probe.applyAsync([], { taskId })));
      }
    },
    step: app.task('step', (name: unknown) => {
      ran.push(name);
      return name;
    }),
    join: app.task('join', (names: readonly unknown[]) => {
      ran.push(names);
      return names.length;
    }),
    gate: app.task('gate', { bind: true }, async (ctx) => {
      begun.resolve();
      const { signal } = ctx;
      const left = deferred<never>();
      signal.addEventListener('abort', () => left.reject(signal.reason), { once: true });
      await Promise.race([go.promise, left.promise]);
      ran.push('gate');
      return 'gate';
    }),
    [Symbol.asyncDispose]: () => scene[Symbol.asyncDispose](),
  };
}

const failureOf = (result: { get(): Promise<unknown> }): Promise<unknown> =>
  result.get().then(
    () => undefined,
    (error: unknown) => error,
  );

/** The results of a workflow from its end to its beginning, members of groups beside each other. */
function allOf(result: AnyResult): readonly AsyncResult<unknown>[] {
  const before = result.parent === undefined ? [] : allOf(result.parent);
  return 'results' in result ? [...result.results.flatMap(allOf), ...before] : [result, ...before];
}

const statesOf = (result: AnyResult): Promise<readonly string[]> =>
  Promise.all(allOf(result).map((one) => one.state()));

/** Resolves with the states when everything has ended. */
async function ended(result: AnyResult): Promise<readonly string[]> {
  await Promise.all(allOf(result).map(failureOf));
  return statesOf(result);
}

describe('A cancelled chain', () => {
  test('that waits is not begun: each of its results is REVOKED', async () => {
    await using program = setup();
    const { scene, app, step, ran } = program;
    const told: unknown[] = [];
    app.signals.taskRevoked.connect(({ id, terminated, expired }) => told.push({ id, terminated, expired }));
    const result = await chain(step.s('a'), step.s(), step.s()).linkError(step.si('errback')).delay();
    const other = await step.delay('other');
    await result.cancel();
    const worker = await scene.start();
    expect(await ended(result)).toEqual(['REVOKED', 'REVOKED', 'REVOKED']);
    const error = await failureOf(result);
    expect(error).toBeInstanceOf(TaskRevokedError);
    expect(error).toMatchObject({ reason: 'cancelled' });
    await other.get();
    const first = allOf(result).at(-1)?.id;
    expect((await scene.line(/Discarding/)).message).toBe(
      `Discarding revoked task: step[${first}] (cancelled with ${first})`,
    );
    await worker.stop();
    expect(told).toEqual([{ id: first, terminated: false, expired: false }]);
    expect(ran).toEqual(['other']);
    expect(await scene.waiting()).toBe(0);
  });

  test('ends with the step that runs, whose result stays', async () => {
    await using program = setup();
    const { scene, step, gate, begun, go, ran } = program;
    await scene.start();
    const result = await chain(gate.si(), step.s(), step.s()).delay();
    await begun.promise;
    await result.cancel();
    await program.heard();
    go.resolve();
    expect(await ended(result)).toEqual(['REVOKED', 'REVOKED', 'SUCCESS']);
    expect(ran).toEqual(['gate']);
  });

  test('ends the step that runs with terminate, also when that is said later', async () => {
    await using program = setup();
    const { scene, step, gate, begun, ran } = program;
    await scene.start();
    const result = await chain(gate.si(), step.s()).delay();
    await begun.promise;
    await result.cancel();
    await result.cancel({ terminate: true });
    expect(await ended(result)).toEqual(['REVOKED', 'REVOKED']);
    expect(await failureOf(result)).toMatchObject({ reason: 'terminated' });
    expect(ran).toEqual([]);
  });

  test('that waits for its time ends when that has come', async () => {
    await using program = setup();
    const { scene, step, ran } = program;
    await scene.start();
    const result = await chain(step.s('a').set({ countdown: 60 }), step.s()).delay();
    await scene.line(/ETA/);
    await result.cancel();
    await program.heard();
    await scene.clock.advance(60_000);
    expect(await ended(result)).toEqual(['REVOKED', 'REVOKED']);
    expect(ran).toEqual([]);
  });

  test('keeps the results of what has ended, also when a message comes again', async () => {
    await using program = setup();
    const { scene, step } = program;
    await scene.start();
    const result = await chain(step.s('a'), step.s()).delay();
    await result.get();
    await result.cancel();
    await program.heard();
    const id = result.parent?.id ?? '';
    await step.applyAsync(['a'], { taskId: id });
    await scene.line(new RegExp(`Discarding.*${id}`));
    expect(await (await step.delay('other')).get()).toBe('other');
    expect(await ended(result)).toEqual(['SUCCESS', 'SUCCESS']);
  });

  test('cannot be cancelled in an app without a store', async () => {
    await using program = setup({ backend: Object.assign(memoryBackend(), { keyValueStore: undefined }) });
    const result = await program.step.delay('a');
    await expect(result.cancel()).rejects.toMatchObject({ code: 'CTQ_NO_STORE' });
  });
});

describe('A cancelled group', () => {
  test('is not begun, chains in it included', async () => {
    await using program = setup();
    const { scene, step, ran } = program;
    const result = await chain(step.s('before'), group([step.s(), chain(step.s(), step.s())])).delay();
    const lone = await group([step.s('one'), chain(step.s('two'), step.s())]).delay();
    await Promise.all([result.cancel(), lone.cancel()]);
    await scene.start();
    expect(new Set(await ended(result))).toEqual(new Set(['REVOKED']));
    expect(await ended(lone)).toEqual(['REVOKED', 'REVOKED', 'REVOKED']);
    expect(ran).toEqual([]);
  });

  test('of 10,000 takes the place of one revocation', async () => {
    await using program = setup();
    const { app, step } = program;
    await app.revoke('first');
    const ids = Array.from({ length: 10_000 }, (_, n) => `task-${n}`);
    const results = app.resultSet(ids.map((id) => app.asyncResult(id)));
    await results.cancel();
    await results.cancel();
    const known = await app.kernel.revocations.load();
    expect(known).toHaveLength(10_001);
    expect(known[0]).toMatchObject({ id: 'first' });
    const [first, last] = [
      await step.applyAsync(['a'], { taskId: 'first' }),
      await step.applyAsync(['b'], { taskId: 'task-9999' }),
    ];
    await program.scene.start();
    expect(await failureOf(first)).toMatchObject({ reason: 'revoked' });
    expect(await failureOf(last)).toMatchObject({ reason: 'cancelled' });
  });

  test('that results gathered by hand are part of goes with them', async () => {
    await using program = setup();
    const { scene, app, step, ran } = program;
    const set = app.resultSet([await step.delay('a'), await step.delay('b')]);
    const other = await step.delay('other');
    await set.cancel();
    await scene.start();
    await other.get();
    expect(await Promise.all(set.results.map(failureOf))).toMatchObject([
      { reason: 'cancelled' },
      { reason: 'cancelled' },
    ]);
    expect(ran).toEqual(['other']);
  });
});

describe('A cancelled chord', () => {
  test('is over with the first member that is not run: its body is REVOKED, and nobody has failed', async () => {
    await using program = setup();
    const { scene, app, step, join, ran } = program;
    const body = join.s().linkError(step.si('errback of the body'));
    const members = [step.s('a').linkError(step.si('errback of a')), step.s('b')];
    const result = await chain(chord(members, body), step.s()).delay();
    await result.cancel();
    const worker = await scene.start();
    expect(await ended(result)).toEqual(['REVOKED', 'REVOKED', 'REVOKED', 'REVOKED']);
    expect(await failureOf(result)).toMatchObject({ reason: 'cancelled' });
    await worker.stop();
    expect(ran).toEqual([]);
    expect(await scene.waiting()).toBe(0);
    const part = { taskId: 'late', index: 0, state: 'SUCCESS', result: 1 };
    const groupId = result.parent?.parent?.id ?? '';
    expect(await (await app.kernel.chords()).addPart(groupId, part)).toMatchObject({ size: undefined });
  });

  test('of which a member runs on keeps its result, and its body stays REVOKED', async () => {
    await using program = setup();
    const { scene, step, join, gate, begun, go, ran } = program;
    const worker = await scene.start();
    const result = await chord([gate.si(), step.s('later').set({ countdown: 60 })], join.s()).delay();
    await begun.promise;
    await scene.line(/ETA/);
    await result.cancel();
    await program.heard();
    await scene.clock.advance(60_000);
    expect(await failureOf(result)).toMatchObject({ reason: 'cancelled' });
    go.resolve();
    expect(await ended(result)).toEqual(['REVOKED', 'SUCCESS', 'REVOKED']);
    await worker.stop();
    expect(ran).toEqual(['gate']);
    expect(await scene.waiting()).toBe(0);
  });

  test('whose header succeeds all the same does not call its body', async () => {
    await using program = setup();
    const { scene, join, gate, begun, go, ran } = program;
    await scene.start();
    const result = await chord([gate.si()], join.s()).delay();
    await begun.promise;
    await result.cancel();
    await program.heard();
    go.resolve();
    expect(await ended(result)).toEqual(['REVOKED', 'SUCCESS']);
    expect(ran).toEqual(['gate']);
  });

  test('takes with it those around it', async () => {
    await using program = setup();
    const { scene, step, join, ran } = program;
    const inner = chord([step.s('a'), step.s('b')], join.s());
    const result = await chord([inner, step.s('c')], join.s()).delay();
    await result.cancel();
    await scene.start();
    expect(new Set(await ended(result))).toEqual(new Set(['REVOKED']));
    expect(ran).toEqual([]);
  });

  test('is something else than one of whose members one was cancelled: that one is a failed part [TR-248]', async () => {
    await using program = setup();
    const { scene, step, join, ran } = program;
    const result = await chord([step.s('a'), step.s('b')], join.s().linkError(step.si('errback'))).delay();
    const [first] = result.parent !== undefined && 'results' in result.parent ? result.parent.results : [];
    await first?.cancel();
    await scene.start();
    const error = await failureOf(result);
    expect(error).toBeInstanceOf(ChordError);
    expect(String(error)).toContain(`Dependency ${first?.id} raised TaskRevokedError`);
    await expect.poll(() => ran).toEqual(['b', 'errback']);
  });
});

describe('What a task of a cancelled workflow sends', () => {
  test('is not begun: what replaces it, its calls, callbacks and next attempts', async () => {
    await using program = setup();
    const { scene, app, step, join, ran } = program;
    const begun = [deferred(), deferred(), deferred()] as const;
    const go = deferred();
    const replaced = app.task('replaced', { bind: true }, async (ctx) => {
      begun[0].resolve();
      await go.promise;
      return ctx.replace(chord([step.s('replacement'), step.s('other')], join.s()));
    });
    const calling = app.task('calling', { bind: true }, async () => {
      begun[1].resolve();
      await go.promise;
      return (await chain(step.s('called'), step.s()).delay()).toJSON();
    });
    const retried = app.task('retried', { bind: true }, async (ctx) => {
      begun[2].resolve();
      await go.promise;
      return ctx.retry({ countdown: 0 });
    });
    const worker = await scene.start();
    const results = [
      await replaced.delay(),
      await calling.s().link(step.si('callback')).delay(),
      await retried.delay(),
    ] as const;
    await Promise.all(begun.map(({ promise }) => promise));
    await Promise.all(results.map((result) => result.cancel()));
    await program.heard();
    go.resolve();
    expect(await failureOf(results[0])).toMatchObject({ reason: 'cancelled' });
    expect(await failureOf(results[2])).toMatchObject({ reason: 'cancelled' });
    const called = app.resultFromTuple(await results[1].get());
    expect(await ended(called)).toEqual(['REVOKED', 'REVOKED']);
    const children = (await results[1].children()) ?? [];
    expect(children).toHaveLength(2);
    for (const child of children) expect(await failureOf(child)).toMatchObject({ reason: 'cancelled' });
    await worker.stop();
    expect(ran).toEqual([]);
    expect(await scene.waiting()).toBe(0);
  });

  test('inside of a task is a workflow of its own: what is around it goes on, what it has sent goes with it', async () => {
    await using program = setup();
    const { scene, app, step, begun, go, ran } = program;
    const sending = app.task('sending', async (name: string): Promise<ResultTuple> => {
      const result = await step.applyAsync([name], { countdown: 60 });
      return result.toJSON();
    });
    const sendingLate = app.task('sendingLate', async (): Promise<ResultTuple> => {
      begun.resolve();
      await go.promise;
      return (await step.delay('late')).toJSON();
    });
    const root = app.task('root', async (): Promise<ResultTuple> => {
      await step.applyAsync(['beside'], { countdown: 60 });
      return (await group([sending.s('inside'), sendingLate.s()]).delay()).toJSON();
    });
    await scene.start();
    const inner = app.resultFromTuple(await (await root.delay()).get());
    const [ended, running] = 'results' in inner ? inner.results : [];
    if (ended === undefined || running === undefined) throw new TypeError('It is a group of two.');
    const inside = app.resultFromTuple(await ended.get());
    await begun.promise;
    await inner.cancel();
    await program.heard();
    go.resolve();
    const late = app.resultFromTuple(await running.get());
    await scene.clock.advance(60_000);
    expect(await failureOf(inside)).toMatchObject({ reason: 'cancelled' });
    expect(await failureOf(late)).toMatchObject({ reason: 'cancelled' });
    await expect.poll(() => ran).toEqual(['beside']);
  });
});

describe('A worker', () => {
  test('remembers what was cancelled in its state file [WK-014]', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ctq-cancel-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const workerStateDb = join(folder, 'state');
    {
      await using program = setup({ workerStateDb });
      await program.app.asyncResult('one').cancel();
      await (await program.scene.start()).stop();
    }
    await using program = setup({ workerStateDb });
    const { scene, step, ran } = program;
    const result = await chain(step.s('a').set({ taskId: 'one' }), step.s()).delay();
    await scene.start();
    expect(await ended(result)).toEqual(['REVOKED', 'REVOKED']);
    expect(ran).toEqual([]);
  });
});

describe('Whoever follows a workflow', () => {
  test('that is cancelled sees it come to its end', async () => {
    await using program = setup();
    const { scene, step, join, gate, begun, go } = program;
    await scene.start();
    const members = [step.s(), step.s()];
    const result = await chain(gate.si(), chord(members, join.s()), step.s()).delay();
    const counts = (async () => {
      let last;
      for await (const change of result.watchTree()) last = change.counts;
      return last;
    })();
    await begun.promise;
    await result.cancel();
    await program.heard();
    go.resolve();
    expect(await counts).toEqual({ known: 5, done: 5, succeeded: 1, failed: 0, revoked: 4 });
  });
});
