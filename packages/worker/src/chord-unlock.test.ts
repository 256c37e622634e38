import { randomUUID } from 'node:crypto';
import { type AnySignature, type AppOptions, type CallOptions, chain, group, type TaskState } from '@ctq/core';
import { memoryBackend, type ResultBackend } from '@ctq/core/backend';
import { TransportConnectionError } from '@ctq/messaging';
import { deferred, systemClock } from '@ctq/runtime';
import { describe, expect, test } from 'vitest';
import { WorkerScene } from './__fixtures__/worker-scene.js';

const soon = { timeout: 10 };

/** What Python sends beside the members of a chord whose results are where nobody counts (wire/vectors/chord_unlock.json). */
function setup(backend?: ResultBackend, onPublish: (task: string) => void = () => undefined, options: AppOptions = {}) {
  const scene = new WorkerScene({
    clock: systemClock,
    resultChordRetryInterval: '20ms',
    ...options,
    interceptors: [
      {
        name: 'publisher',
        publish: async (call, next) => {
          onPublish(call.task);
          await next(call);
        },
      },
    ],
    ...(backend === undefined ? {} : { backend }),
  });
  const { app } = scene;
  const seen: unknown[] = [];
  const states: (readonly [task: string, state: TaskState | undefined])[] = [];
  app.signals.taskPostrun.connect(({ task, state }) => void states.push([task, state]));
  const note = app.task('note', (value: unknown) => {
    seen.push(value);
    return value;
  });
  const add = app.task('add', (x: number, y: number) => x + y);
  const fail = app.task('fail', (message: string): number => {
    throw new RangeError(message);
  });
  const unlock = async (body: AnySignature, memberIds: readonly string[], options: CallOptions = {}) => {
    const bodyId = randomUUID();
    const callback = body.set({ taskId: bodyId }).serialize();
    const result = memberIds.map((id) => [[id, null], null]);
    await app.sendTask(
      'celery.chord_unlock',
      ['the-group', callback],
      { interval: null, max_retries: null, result },
      { ignoreResult: true, ...options },
    );
    return app.asyncResult(bodyId);
  };
  return { scene, app, seen, states, note, add, fail, unlock };
}

describe('celery.chord_unlock', () => {
  test('is known to every worker, and sends the body when the header is done [CV-375, CV-380]', async () => {
    const { scene, seen, note, add, unlock } = setup();
    await using _ = scene;
    await scene.start();
    const members = await Promise.all([add.delay(1, 1), add.delay(2, 2)]);
    for (const member of members) await member.get(soon);
    const body = await unlock(
      note.s(),
      members.map(({ id }) => id),
    );
    expect(await body.get(soon)).toEqual([2, 4]);
    expect(seen).toEqual([[2, 4]]);
  });

  test('gives up on results that cannot be read within resultChordJoinTimeout, three seconds by default [CV-381]', async () => {
    const memory = memoryBackend();
    let reads = 0;
    const backend = new Proxy(memory, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== 'function') return value;
        if (name !== 'getMany') return value.bind(target);
        return async (ids: readonly string[]) => {
          // The first read finds the header ready; the next one never comes back.
          if (ids.includes(member)) reads += 1;
          if (reads === 2) await new Promise<never>(() => undefined);
          return await target.getMany(ids);
        };
      },
    });
    const member = randomUUID();
    const { scene, app, seen, note, unlock } = setup(backend, undefined, { resultChordJoinTimeout: '50ms' });
    await using _ = scene;
    await (await app.backend()).store([
      { taskId: member, status: 'SUCCESS', result: 1, traceback: null, children: [], dateDone: null },
    ]);
    await scene.start();
    const body = await unlock(note.s(), [member]);
    await expect(body.get(soon)).rejects.toThrow(/ChordError|ResultTimeoutError/);
    expect([reads > 1, seen]).toEqual([true, []]);
    expect([app.settings.resultChordJoinTimeout, setup().app.settings.resultChordJoinTimeout]).toEqual([0.05, 3]);
  });

  test('comes again as long as the header is not [CV-379]', async () => {
    const { scene, app, states, note, add, unlock } = setup();
    await using _ = scene;
    await scene.start();
    const member = randomUUID();
    const body = await unlock(note.s(), [member]);
    const retried = deferred<void>();
    app.signals.taskRetry.connect(({ task }) => void (task === 'celery.chord_unlock' && retried.resolve()));
    await retried.promise;
    await add.applyAsync([1, 1], { taskId: member });
    expect(await body.get(soon)).toEqual([2]);
    const polls = states.filter(([task]) => task === 'celery.chord_unlock').map(([, state]) => state);
    expect(polls.slice(0, -1).every((state) => state === 'RETRY')).toBe(true);
    expect(polls.at(-1)).toBe('SUCCESS');
  });

  test('comes again when the results cannot be looked at [CV-376]', async () => {
    const backend = memoryBackend();
    const getMany = backend.getMany.bind(backend);
    let isAway = false;
    const { scene, app, note, add, unlock } = setup(
      Object.assign(backend, {
        getMany: (ids: readonly string[]) => (isAway ? Promise.reject(new Error('the store is away')) : getMany(ids)),
      }),
    );
    await using _ = scene;
    await scene.start();
    const member = await add.delay(1, 1);
    await member.get(soon);
    const retried = deferred<string | undefined>();
    app.signals.taskRetry.connect(({ error }) => {
      isAway = false;
      retried.resolve(error?.message);
    });
    isAway = true;
    const body = await unlock(note.s(), [member.id]);
    expect(await retried.promise).toContain('the store is away');
    expect(await body.get(soon)).toEqual([2]);
  });

  test('fails the body with the member that failed, and runs its errback [CV-378, CV-108]', async () => {
    const { scene, seen, note, add, fail, unlock } = setup();
    await using _ = scene;
    await scene.start();
    const good = await add.delay(1, 1);
    const bad = await fail.delay('sold out');
    await Promise.all([good.get(soon), bad.get({ ...soon, propagate: false })]);
    const body = await unlock(add.s(1).linkError(note.s()), [good.id, bad.id]);
    await expect(body.get(soon)).rejects.toMatchObject({
      code: 'CTQ_CHORD',
      message: `Dependency ${bad.id} raised RangeError('sold out')`,
    });
    await expect.poll(() => seen).toEqual([body.id]);
  });

  test('fails the body when that cannot be sent [CV-377]', async () => {
    const { scene, app, note, add, unlock } = setup();
    await using _ = scene;
    await scene.start();
    const member = await add.delay(1, 1);
    await member.get(soon);
    const body = await unlock(chain(app.signature('note').set({ serializer: 'none-such' }), note.s()), [member.id]);
    const first = await body.get({ ...soon, propagate: false });
    expect(first).toMatchObject({ code: 'CTQ_CHORD', message: expect.stringContaining('Callback error: ') });
  });

  test('comes again when the body cannot be sent just now', async () => {
    let isAway = true;
    const { scene, app, seen, note, add, unlock } = setup(undefined, (task) => {
      if (task === 'note' && isAway) throw new TransportConnectionError('the broker is away', { recoverable: true });
    });
    await using _ = scene;
    await scene.start();
    const member = await add.delay(1, 1);
    await member.get(soon);
    app.signals.taskRetry.connect(() => {
      isAway = false;
    });
    const body = await unlock(note.s(), [member.id]);
    expect(await body.get(soon)).toEqual([2]);
    expect(seen).toEqual([[2]]);
  });

  test('fails the body when a member was revoked', async () => {
    const { scene, app, note, add, unlock } = setup();
    await using _ = scene;
    await scene.start();
    const expired = await add.applyAsync([1, 1], { expires: new Date(0) });
    await expired.get({ ...soon, propagate: false });
    const body = await unlock(note.s(), [expired.id]);
    await expect(body.get(soon)).rejects.toMatchObject({
      code: 'CTQ_CHORD',
      message: expect.stringContaining('TaskRevokedError'),
    });
    expect(await app.asyncResult(expired.id).state()).toBe('REVOKED');
  });

  test('gives up after as many tries as its sender said', async () => {
    const { scene, app, states } = setup();
    await using _ = scene;
    await scene.start();
    const failed = deferred<string>();
    app.signals.taskFailure.connect(({ error }) => failed.resolve(error.message));
    const kwargs = { interval: 0.01, max_retries: 2, result: [[['never', null], null]] };
    await app.sendTask('celery.chord_unlock', ['the-group', app.signature('note').serialize()], kwargs);
    expect(await failed.promise).toContain('attempts are used up');
    await expect.poll(() => states.map(([, state]) => state)).toEqual(['RETRY', 'RETRY', 'FAILURE']);
  });

  test('takes groups and chains among the members, and as the body', async () => {
    const { scene, app, note, add } = setup();
    await using _ = scene;
    await scene.start();
    const members = await group([add.s(1, 1), add.s(2, 2)]).delay();
    await members.get(soon);
    const taskId = randomUUID();
    const body = chain(note.s(), note.s()).set({ taskId });
    await app.sendTask('celery.chord_unlock', ['outer', body.serialize()], { result: [members.asTuple()] });
    expect(await app.asyncResult(taskId).get(soon)).toEqual([[2, 4]]);
  });
});
