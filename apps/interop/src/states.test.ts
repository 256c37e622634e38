import { Ignore, Reject } from '@ctq/core';
import { deferred } from '@ctq/runtime';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually, inTypescript, MixedFleet } from './mixed-fleet.js';
import { describeOverBrokers } from './places.js';
import { makingPythonMs } from './python/environment.js';

const soon = { timeout: '20s' } as const;

class OutOfStock extends Error {
  override readonly name = 'OutOfStock';
}

describeOverBrokers(
  'States of tasks, read in the other language',
  { redis: 'interopStates', amqp: 'interopStates' },
  (place) => {
    const fleet = new MixedFleet(place);
    const { app } = fleet;
    const rejected = deferred();
    app.task('typescript.echo', (value: unknown) => value);
    app.task('typescript.settle', { bind: true }, async (ctx, how: string) => {
      if (how === 'reject') {
        rejected.resolve();
        throw new Reject('not now');
      }
      await ctx.updateState('SHELVED', { shelf: 3 });
      throw new Ignore();
    });
    app.task('typescript.give_up', { bind: true, maxRetries: 1 }, (ctx) =>
      ctx.retry({ error: new OutOfStock('still none'), countdown: '50ms' }),
    );
    app.task('typescript.gated', { bind: true, trackStarted: true }, async (ctx, gate: string) => {
      await fleet.gates.waitFor(gate);
      await ctx.updateState('PROGRESS', { done: 1, of: 2 });
      await fleet.gates.waitFor(gate);
      return 'through';
    });
    app.task('shared.hop', { bind: true }, (ctx, to: string) => {
      if (ctx.request.retries === 0) ctx.retry({ countdown: '50ms', options: { queue: to } });
      const { retries, id, headers, stamps } = ctx.request;
      return ['typescript', retries, id, headers, stamps];
    });

    beforeAll(() => fleet.start(), makingPythonMs);
    afterAll(() => fleet.stop(), 30_000);

    test('a state of its own with meta stays when a task ends with Ignore [TR-148, TR-168] {python → ctq: final custom state} {ctq → python: final custom state}', async () => {
      const theirs = await app.sendTask('python.settle', ['ignore'], {}, { queue: 'python' });
      await eventually(async () => (await theirs.state()) === 'SHELVED');
      expect((await theirs.record())?.result).toEqual({ shelf: 3 });
      expect(await theirs.ready()).toBe(false);
      const ours = await fleet.client.send(inTypescript('typescript.settle', 'ignore'));
      await eventually(async () => (await fleet.client.look(ours)).state === 'SHELVED');
      expect((await fleet.client.look(ours)).info).toEqual({ shelf: 3 });
    });

    test('a rejected task has no result {python → ctq: rejected} {ctq → python: rejected}', async () => {
      const theirs = await app.sendTask('python.settle', ['reject'], {}, { queue: 'python' });
      expect(await fleet.gates.noted(theirs.id)).toBe('rejected');
      const ours = await fleet.client.send(inTypescript('typescript.settle', 'reject'));
      await rejected.promise;
      expect(await theirs.state()).toBe('PENDING');
      expect(await fleet.client.look(ours)).toMatchObject({ state: 'PENDING', is_stored: false });
    });

    test('a Python client is told the states of a ctq task as they come [TR-168, BK-036] {python → ctq: watch}', async () => {
      const [gate, id] = [crypto.randomUUID(), crypto.randomUUID()];
      const states = fleet.client.watch(['task', 'typescript.gated', [gate], { queue: 'typescript', task_id: id }]);
      for (const state of ['STARTED', 'PROGRESS']) {
        await eventually(async () => (await app.asyncResult(id).state()) === state);
        await fleet.gates.open(gate);
      }
      expect(await states).toEqual([
        ['STARTED', { pid: process.pid, hostname: expect.stringMatching(/^celery@/) }],
        ['PROGRESS', { done: 1, of: 2 }],
        ['SUCCESS', 'through'],
      ]);
    });

    test('each side forgets results that the other has stored {python → ctq: forget} {ctq → python: forget}', async () => {
      const theirs = await app.sendTask('python.echo', ['kept'], {}, { queue: 'python' });
      expect(await theirs.get(soon)).toBe('kept');
      await theirs.forget();
      expect(await fleet.client.look(theirs.id)).toMatchObject({ state: 'PENDING', is_stored: false });
      const ours = await fleet.client.send(inTypescript('typescript.echo', 'kept'));
      expect(await fleet.client.get(ours)).toEqual({ value: 'kept' });
      await fleet.client.forget(ours);
      expect(await app.asyncResult(ours).record()).toBeUndefined();
    });

    test('what a Python worker stores of a revoked task is a TaskRevokedError in ctq [TR-151, TR-166, TR-173] {ctq → python: stored revoked}', async () => {
      const id = crypto.randomUUID();
      await fleet.client.storeRevoked(id, 'terminated');
      const result = app.asyncResult(id);
      expect(await result.state()).toBe('REVOKED');
      expect([await result.ready(), await result.failed(), await result.successful()]).toEqual([true, false, false]);
      await expect(result.get(soon)).rejects.toMatchObject({ name: 'TaskRevokedError', reason: 'terminated' });
    });

    test('retries that are used up end with the error of the last attempt, or with MaxRetriesExceededError [TR-137, TR-152] {python → ctq: retries used up} {ctq → python: retries used up}', async () => {
      const theirs = await app.sendTask('python.give_up', [], {}, { queue: 'python' });
      await expect(theirs.get(soon)).rejects.toMatchObject({ name: 'OutOfStock', message: 'still none' });
      const hopeless = await app.sendTask('python.hopeless', [], {}, { queue: 'python' });
      await expect(hopeless.get(soon)).rejects.toMatchObject({ name: 'MaxRetriesExceededError' });
      expect(await fleet.client.call(inTypescript('typescript.give_up'))).toMatchObject({
        error: 'OutOfStock',
        message: 'still none',
      });
    });

    test('the next attempt is executed by a worker of the other language, under the same id, with headers and stamps [TR-139] {python → ctq: retry elsewhere} {ctq → python: retry elsewhere}', async () => {
      const headers = { 'x-trace': 'abc' };
      const stamps = { tenant: 'blue' };
      const carried = { headers, stamped_headers: ['tenant'], ...stamps };
      const hops = [
        ['typescript', 'python'],
        ['python', 'typescript'],
      ] as const;
      for (const [first, second] of hops) {
        const id = await fleet.client.send(['task', 'shared.hop', [second], { queue: first, ...carried }]);
        const seen = [second, 1, id, headers, stamps];
        expect(await fleet.client.get(id)).toEqual({ value: seen });
        const options = { queue: first, headers, stamps };
        const result = await app.sendTask('shared.hop', [second], {}, options);
        expect(await result.get(soon)).toEqual([second, 1, result.id, headers, stamps]);
      }
    });
  },
);
