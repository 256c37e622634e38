import { Reject } from '@ctq/core';
import { deferred } from '@ctq/runtime';
import { describe, expect, test } from 'vitest';
import { capturedFields } from '../__fixtures__/captured-events.js';
import { EventScene, keysOf, typesOf } from '../__fixtures__/event-scene.js';
import { losable } from '../__fixtures__/losable.js';

describe('The events of a task', () => {
  test('that fails tell how [WK-147]', async () => {
    await using call = await EventScene.of();
    const { scene, monitor } = call;
    const fails = scene.app.task('fails', () => {
      throw new TypeError("no 'such' order");
    });
    await call.start();
    const { id } = await fails.delay();
    const failed = await monitor.event('task-failed', id);
    expect(failed).toMatchObject({
      exception: `TypeError("no 'such' order")`,
      traceback: expect.stringMatching(/^TypeError: no 'such' order\n +at /),
    });
    expect(capturedFields('task-failed')).toContainEqual(keysOf(failed));
    expect(typesOf(monitor, id)).toEqual(['task-received', 'task-started', 'task-failed']);
  });

  test('that nobody has tell that alone [WK-147]', async () => {
    await using call = await EventScene.of();
    await call.start();
    const { id } = await call.scene.app.sendTask('no.such.task');
    const failed = await call.monitor.event('task-failed', id);
    expect(failed['exception']).toBe("NotRegistered('no.such.task')");
    expect(capturedFields('task-failed')).toContainEqual(keysOf(failed));
    expect(typesOf(call.monitor, id)).toEqual(['task-failed']);
  });

  test('that is run again tell why [WK-150]', async () => {
    await using call = await EventScene.of();
    const { scene, monitor } = call;
    const again = scene.app.task('again', { bind: true }, (ctx) => {
      if (ctx.request.retries === 0) ctx.retry({ error: new RangeError('first'), countdown: 0 });
      return 'done';
    });
    await call.start();
    const { id } = await again.delay();
    await monitor.event('task-succeeded', id);
    const retried = await monitor.event('task-retried', id);
    expect(retried).toMatchObject({
      exception: "RangeError('first')",
      traceback: expect.stringContaining('RangeError: first'),
    });
    expect([keysOf(retried)]).toEqual(capturedFields('task-retried'));
    // The next attempt may be received before the first one has told that there is one.
    expect(typesOf(monitor, id).toSorted()).toEqual(
      ['task-received', 'task-started', 'task-retried', 'task-received', 'task-started', 'task-succeeded'].toSorted(),
    );
  });

  test.each([
    ['goes back to its queue', { requeue: true }, ['task-received', 'task-started', 'task-rejected']],
    ['is dropped', { requeue: false }, ['task-received', 'task-started', 'task-rejected']],
  ])('that is rejected and %s tell that [WK-148]', async (_what, options, types) => {
    await using call = await EventScene.of();
    const { scene, monitor } = call;
    let runs = 0;
    const rejecting = scene.app.task('rejecting', { acksLate: true }, () => {
      runs += 1;
      if (runs === 1) throw new Reject('no thanks', options);
    });
    await call.start();
    const { id } = await rejecting.delay();
    const rejected = await monitor.event('task-rejected', id);
    expect(rejected['requeue']).toBe(options.requeue);
    expect([keysOf(rejected)]).toEqual(capturedFields('task-rejected'));
    expect(typesOf(monitor, id).slice(0, 3)).toEqual(types);
  });

  test('whose failure rejects its message tell both [WK-148]', async () => {
    await using call = await EventScene.of();
    const fails = call.scene.app.task('fails', { acksOnFailure: false }, () => {
      throw new Error('dead letter');
    });
    await call.start();
    const { id } = await fails.delay();
    await call.monitor.event('task-failed', id);
    expect(typesOf(call.monitor, id)).toEqual(['task-received', 'task-started', 'task-rejected', 'task-failed']);
  });

  test('that was revoked or has expired tell that alone [WK-149]', async () => {
    await using call = await EventScene.of();
    const { scene, monitor } = call;
    const task = scene.app.task('task', () => null);
    const revoked = await task.delay();
    await scene.app.revoke(revoked);
    const expired = await task.applyAsync([], { expires: 1 });
    await scene.clock.advance(1_000);
    await call.start();
    const event = await monitor.event('task-revoked', revoked.id);
    expect(event).toMatchObject({ terminated: false, signum: null, expired: false });
    expect([keysOf(event)]).toEqual(capturedFields('task-revoked'));
    expect(await monitor.event('task-revoked', expired.id)).toMatchObject({ terminated: false, expired: true });
    for (const { id } of [revoked, expired]) expect(typesOf(monitor, id)).toEqual(['task-revoked']);
  });

  test('that was ended while it ran tell with what [WK-149]', async () => {
    await using call = await EventScene.of();
    const { scene, monitor } = call;
    const long = scene.app.task('long', { bind: true }, async ({ signal }) => {
      await new Promise((_, reject) =>
        signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }),
      );
    });
    await call.start();
    const result = await long.delay();
    await monitor.event('task-started', result.id);
    await scene.app.revoke(result, { terminate: true });
    // Tasks in the event loop of the worker are told to leave by no signal of the operating system.
    expect(await monitor.event('task-revoked', result.id)).toMatchObject({ terminated: true, signum: null });
    expect(typesOf(monitor, result.id)).toEqual(['task-received', 'task-started', 'task-revoked']);
  });

  test('that is given up because the broker was lost tell that [WK-151, WK-161]', async () => {
    const { transport, lose } = losable();
    await using call = await EventScene.of({ broker: transport, workerCancelLongRunningTasksOnConnectionLoss: true });
    const { scene, monitor } = call;
    const isLong = deferred();
    let runs = 0;
    const long = scene.app.task('long', async () => {
      runs += 1;
      if (runs === 1) await isLong.promise;
    });
    await call.start();
    const { id } = await long.delay();
    await monitor.event('task-started', id);
    lose();
    await scene.line(/is cancelled: the connection to the broker was lost/);
    await scene.clock.advance(60_000);
    // It was said while the broker was away.
    await monitor.event('task-cancelled', id);
    expect(typesOf(monitor, id).slice(0, 3)).toEqual(['task-received', 'task-started', 'task-cancelled']);
    await monitor.event('task-succeeded', id);
    isLong.resolve();
  });

  test('that is given up by a cold shutdown tell that [WK-151]', async () => {
    await using call = await EventScene.of();
    const { scene, monitor } = call;
    const long = scene.app.task('long', { bind: true }, async ({ signal }) => {
      await new Promise((_, reject) =>
        signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }),
      );
    });
    const worker = await call.start();
    const { id } = await long.delay();
    await monitor.event('task-started', id);
    await worker.terminate();
    await monitor.event('task-cancelled', id);
    expect(typesOf(monitor, id)).toEqual(['task-received', 'task-started', 'task-cancelled']);
  });
});
