import { TaskRevokedError } from '@ctq/core';
import { memoryBackend, memoryStore } from '@ctq/core/backend';
import { describe, expect, test } from 'vitest';
import { ControlScene } from '../__fixtures__/control-scene.js';
import { capturedReply } from '../__fixtures__/control-vectors.js';
import { Revocations } from '../revoke/revocations.js';

const failureOf = (result: { get(): Promise<unknown> }): Promise<unknown> =>
  result.get().then(
    () => undefined,
    (error: unknown) => error,
  );

describe('A call that is revoked by a control message', () => {
  test('is not run, and its result says so at once [RC-018]', async () => {
    await using scene = new ControlScene();
    await scene.start();
    expect(await scene.ask('revoke', { task_id: 'a', terminate: false, signal: 'SIGTERM' })).toEqual({
      ok: "tasks {'a'} flagged as revoked",
    });
    expect(capturedReply('revoke_reply')).toEqual({
      ok: expect.stringMatching(/^tasks \{'[^']+'\} flagged as revoked$/),
    });
    const error = await failureOf(scene.app.asyncResult('a'));
    expect(error).toBeInstanceOf(TaskRevokedError);
    expect(error).toMatchObject({ reason: 'revoked' });
    await scene.step.applyAsync(['a'], { taskId: 'a' });
    await scene.line(/Discarding revoked task: step\[a\]/);
    expect(scene.ran).toEqual([]);
  });

  test('is one of several [RC-018]', async () => {
    await using scene = new ControlScene();
    await scene.start();
    expect(await scene.ask('revoke', { task_id: ['b', 'c', 'b'] })).toEqual({
      ok: "tasks {'b', 'c'} flagged as revoked",
    });
    expect(capturedReply('revoke_list')).toEqual({
      ok: expect.stringMatching(/^tasks \{'.+', '.+'\} flagged as revoked$/),
    });
    expect(await scene.ask('revoke', { task_id: [] })).toEqual({ ok: 'tasks set() flagged as revoked' });
    expect(await scene.ask('revoke')).toEqual({ error: expect.stringMatching(/^TypeError\(".*'task_id'"\)$/) });
  });

  test('keeps the result that it has [RC-018]', async () => {
    await using scene = new ControlScene();
    await scene.start();
    const result = await scene.step.delay('done');
    await result.get();
    await scene.ask('revoke', { task_id: result.id });
    expect(await result.state()).toBe('SUCCESS');
  });

  test('is not run by workers that start later either', async () => {
    await using scene = new ControlScene();
    const worker = await scene.start();
    await scene.ask('revoke', { task_id: 'a' });
    await worker.stop();
    await scene.step.applyAsync(['a'], { taskId: 'a' });
    await scene.start({ hostname: 'w2@host' });
    await scene.line(/Discarding revoked task: step\[a\]/);
    expect(scene.ran).toEqual([]);
  });

  test('is kept once, however many workers hear of it', async () => {
    await using scene = new ControlScene();
    await scene.start();
    await scene.start({ hostname: 'w2@host' });
    await scene.app.control.ask('revoke', { task_id: ['a', 'b'] }, { limit: 2 });
    expect(await scene.app.kernel.revocations.load()).toMatchObject([{ id: 'a' }, { id: 'b' }]);
  });

  test('is answered for where the stores are away, and a line says what could not be stored [RC-018]', async () => {
    const store = memoryStore();
    let isAway = false;
    const backend = Object.assign(memoryBackend(), { keyValueStore: () => store });
    const failing = <T extends (...args: never[]) => Promise<unknown>>(work: T): T =>
      ((...args: never[]) => (isAway ? Promise.reject(new Error('away')) : work(...args))) as T;
    Object.assign(backend, {
      getMany: failing(backend.getMany.bind(backend)),
      store: failing(backend.store.bind(backend)),
    });
    Object.assign(store, {
      getVersioned: failing((key: string) => memoryStore().getVersioned?.(key) ?? Promise.resolve(undefined)),
    });
    await using scene = new ControlScene({ backend });
    await scene.start();
    isAway = true;
    expect(await scene.ask('revoke', { task_id: 'a' })).toEqual({ ok: "tasks {'a'} flagged as revoked" });
    await scene.line(/Failed to mark 1 task\(s\) as revoked/);
    await scene.line(/Could not keep what was revoked/);
    expect(await scene.ask('revoked')).toEqual(['a']);
    isAway = false;
  });

  test('is answered for within a moment where a store does not answer at all', async () => {
    const silent = Object.assign(memoryStore(), { getVersioned: () => new Promise<undefined>(() => undefined) });
    await using scene = new ControlScene({ backend: Object.assign(memoryBackend(), { keyValueStore: () => silent }) });
    await scene.start();
    const asked = scene.ask('revoke', { task_id: 'a' });
    await expect.poll(() => scene.ask('revoked')).toEqual(['a']);
    await scene.clock.advance(500);
    expect(await asked).toEqual({ ok: "tasks {'a'} flagged as revoked" });
  });
});

describe('A call that is terminated by a control message', () => {
  test.each([
    ['revoke', { terminate: true, signal: 'SIGKILL' }],
    ['terminate', { signal: 'KILL' }],
  ])('ends where it runs: %s [RC-019, RC-021]', async (command, args) => {
    await using scene = new ControlScene();
    const { id } = await scene.busy();
    expect(await scene.ask(command, { task_id: [id, 'other'], ...args })).toEqual({ ok: `terminate: ${id}` });
    expect(capturedReply('terminate')).toEqual({ ok: expect.stringMatching(/^terminate: [\w-]+$/) });
    await scene.line(new RegExp(`Terminating ${id} \\(9\\)`));
    expect(await failureOf(scene.app.asyncResult(id))).toBeInstanceOf(TaskRevokedError);
    expect(scene.ran).toEqual([]);
  });

  test('is not begun where it waits for a slot [RC-019]', async () => {
    await using scene = new ControlScene();
    await scene.busy();
    const waiting = await scene.step.delay('waits');
    await scene.received(waiting.id);
    expect(await scene.ask('revoke', { task_id: waiting.id, terminate: true })).toEqual({
      ok: `terminate: ${waiting.id}`,
    });
    scene.go.resolve();
    expect(await failureOf(waiting)).toBeInstanceOf(TaskRevokedError);
    await expect.poll(() => scene.ran).toEqual([7]);
  });

  test('is revoked where nobody has it [RC-019]', async () => {
    await using scene = new ControlScene();
    await scene.start();
    expect(await scene.ask('revoke', { task_id: 'a', terminate: true })).toEqual({ ok: 'terminate: tasks unknown' });
    expect(await scene.ask('revoked')).toEqual(['a']);
  });

  test('is revoked and runs on where nobody knows the signal [RC-020]', async () => {
    await using scene = new ControlScene();
    const { id } = await scene.busy();
    expect(await scene.ask('revoke', { task_id: id, terminate: true, signal: 'NOPE' })).toEqual({
      error: String.raw`AttributeError("module 'signal' has no attribute 'SIGNOPE'")`,
    });
    expect(await scene.ask('revoked')).toEqual([id]);
    expect(await scene.ask('active')).toMatchObject([{ id }]);
  });

  test.each(['KILL', 'SIGKILL', 'sigkill', 9, '9', null])(
    'may be ended with the signal %s [RC-020]',
    async (signal) => {
      await using scene = new ControlScene();
      await scene.start();
      expect(await scene.ask('revoke', { task_id: 'a', terminate: true, signal })).toEqual({
        ok: 'terminate: tasks unknown',
      });
    },
  );
});

describe('Calls that are revoked by a stamped header', () => {
  test('are not run from then on; values add up [RC-022]', async () => {
    await using scene = new ControlScene();
    await scene.start();
    expect(await scene.ask('revoke_by_stamped_headers', { headers: { tenant: ['blue'] }, terminate: false })).toEqual(
      capturedReply('revoke_by_stamped_headers'),
    );
    await scene.ask('revoke_by_stamped_headers', { headers: ['tenant=red'] });
    for (const tenant of ['blue', 'red', 'green']) await scene.step.applyAsync([tenant], { stamps: { tenant } });
    await expect.poll(() => scene.ran).toEqual(['green']);
    await scene.start({ hostname: 'w2@host' });
    await scene.step.applyAsync(['blue'], { stamps: { tenant: 'blue' } });
    await (await scene.step.delay('last')).get();
    expect(scene.ran).toEqual(['green', 'last']);
  });

  test('that run are ended where one has a value in common [RC-024]', async () => {
    await using scene = new ControlScene();
    await scene.start();
    const result = await scene.gate.applyAsync(['x'], { stamps: { tenant: ['red', 'green'], batch: 1 } });
    await scene.begun.promise;
    const headers = { tenant: ['green', 'blue'], batch: 2 };
    expect(await scene.ask('revoke_by_stamped_headers', { headers, terminate: true })).toEqual({
      ok: "headers defaultdict(<class 'set'>, {'tenant': {'green'}}) revoked",
    });
    expect(await failureOf(result)).toBeInstanceOf(TaskRevokedError);
  });

  test('that come later are not run where none ran [RC-023]', async () => {
    await using scene = new ControlScene();
    await scene.busy();
    expect(await scene.ask('revoke_by_stamped_headers', { headers: { tenant: 'red' }, terminate: true })).toEqual(
      capturedReply('revoke_by_stamped_headers_terminate'),
    );
    scene.go.resolve();
    const later = await scene.step.applyAsync(['x'], { stamps: { tenant: 'red' } });
    expect(await failureOf(later)).toBeInstanceOf(TaskRevokedError);
  });

  test.each([[{ headers: 'tenant' }], [{ headers: ['tenant'] }], [{ headers: 7 }], [{}]])(
    'are named by a mapping or a list, not by %j',
    async (args) => {
      await using scene = new ControlScene();
      await scene.start();
      expect(await scene.ask('revoke_by_stamped_headers', args)).toEqual({
        error: expect.stringMatching(/^TypeError\(/),
      });
    },
  );
});

describe('What a worker remembers of what is revoked', () => {
  test('does not grow with the headers that somebody makes up [RC-157]', () => {
    const scene = new ControlScene({ workerRevokesMax: 3 });
    const revocations = new Revocations(scene.app.kernel);
    for (const header of ['a', 'b', 'c', 'd', 'e']) revocations.add([{ header, value: 1, at: scene.clock.now() }]);
    expect(revocations.entries()).toMatchObject([{ header: 'c' }, { header: 'd' }, { header: 'e' }]);
  });
});
