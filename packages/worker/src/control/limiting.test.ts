import { SoftTimeLimitExceeded } from '@ctq/core';
import { deferred } from '@ctq/runtime';
import { describe, expect, test } from 'vitest';
import { ControlScene } from '../__fixtures__/control-scene.js';
import { capturedReplies, capturedReply } from '../__fixtures__/control-vectors.js';

describe('The rate limit of a task', () => {
  test('is changed, and told from then on [RC-025]', async () => {
    await using scene = new ControlScene();
    await scene.start();
    for (const captured of capturedReplies('rate_limit'))
      expect(await scene.ask('rate_limit', { task_name: 'step', rate_limit: '1/m' })).toEqual(captured);
    expect(await scene.ask('registered')).toContain('step [rate_limit=1/m]');
    await (await scene.step.delay('first')).get();
    const second = await scene.step.delay('second');
    await scene.received(second.id);
    expect(scene.ran).toEqual(['first']);
    await scene.clock.advance(60_000);
    await second.get();
  });

  test.each([0, '', null])('is taken away by %j [RC-025]', async (limit) => {
    await using scene = new ControlScene({ taskDefaultRateLimit: '1/h' });
    await scene.start();
    expect(await scene.ask('rate_limit', { task_name: 'step', rate_limit: limit })).toEqual(
      capturedReply('rate_limit_off'),
    );
    for (const name of ['a', 'b', 'c']) await (await scene.step.delay(name)).get();
    expect(await scene.ask('registered')).toContain('step');
  });

  test('is of a task that the worker knows [RC-026]', async () => {
    await using scene = new ControlScene();
    await scene.start();
    expect(await scene.ask('rate_limit', { task_name: 'x.y', rate_limit: '1/s' })).toEqual(
      capturedReply('rate_limit_unknown'),
    );
    await scene.line(/Rate limit attempt for unknown task x\.y/);
    expect(await scene.ask('rate_limit', { task_name: 'step' })).toMatchObject({
      error: expect.stringMatching(/^TypeError\(.*rate_limit/),
    });
    expect(await scene.ask('rate_limit', { rate_limit: '1/s' })).toEqual({
      error: expect.stringMatching(/^TypeError/),
    });
  });

  test('is a number [RC-027]', async () => {
    await using scene = new ControlScene();
    await scene.start();
    expect(await scene.ask('rate_limit', { task_name: 'step', rate_limit: 'nope' })).toEqual(
      capturedReply('rate_limit_bad'),
    );
    expect(await scene.ask('rate_limit', { task_name: 'step', rate_limit: 'x/s' })).toEqual({
      error: String.raw`Invalid rate limit string: ValueError("could not convert string to float: 'x'")`,
    });
    expect(await scene.ask('rate_limit', { task_name: 'step', rate_limit: -1 })).toEqual({
      error: expect.stringMatching(/^Invalid rate limit string: ValueError/),
    });
    expect(await scene.ask('rate_limit', { task_name: 'step', rate_limit: {} })).toEqual({
      error: expect.stringMatching(/^TypeError/),
    });
    expect(await scene.ask('registered')).toContain('step');
  });

  test('is per second, minute or hour [RC-028]', async () => {
    await using scene = new ControlScene();
    await scene.start();
    expect(await scene.ask('rate_limit', { task_name: 'step', rate_limit: '1/q' })).toEqual({ error: "KeyError('q')" });
  });
});

describe('The time limits of a task', () => {
  test('are changed, for what waits too [RC-029]', async () => {
    await using scene = new ControlScene();
    await scene.busy();
    const other = scene.app.task('other', { bind: true }, (ctx) => {
      const left = deferred<never>();
      ctx.signal.addEventListener('abort', () => left.reject(ctx.signal.reason), { once: true });
      return left.promise;
    });
    const waiting = await other.delay();
    await scene.received(waiting.id);
    expect(await scene.ask('time_limit', { task_name: 'other', hard: 120, soft: '60' })).toEqual(
      capturedReply('time_limit'),
    );
    scene.go.resolve();
    await expect.poll(() => scene.ask('active')).toMatchObject([{ id: waiting.id }]);
    await scene.clock.advance(60_000);
    await expect(waiting.get()).rejects.toThrow(SoftTimeLimitExceeded);
  });

  test('are taken away where they are left out, but those of all tasks [RC-029]', async () => {
    await using scene = new ControlScene({ taskTimeLimit: 300 });
    scene.app.task('limited', { softTimeLimit: 5, timeLimit: 10 }, () => undefined);
    await scene.start();
    const limits = { taskinfoitems: ['soft_time_limit', 'time_limit'] };
    expect(await scene.ask('registered', limits)).toContain('limited [soft_time_limit=5 time_limit=10]');
    await scene.ask('time_limit', { task_name: 'limited', soft: 7 });
    expect(await scene.ask('registered', limits)).toContain('limited [soft_time_limit=7 time_limit=300]');
    await scene.ask('time_limit', { task_name: 'limited' });
    expect(await scene.ask('registered', limits)).toContain('limited [time_limit=300]');
  });

  test('are of a task that the worker knows, and numbers [RC-029]', async () => {
    await using scene = new ControlScene();
    await scene.start();
    expect(await scene.ask('time_limit', { task_name: 'nobody', soft: 1 })).toEqual({ error: 'unknown task' });
    await scene.line(/Change time limit attempt for unknown task nobody/);
    expect(await scene.ask('time_limit', { task_name: 'step', soft: 'soon' })).toEqual({
      error: expect.stringMatching(/^TypeError/),
    });
    expect(await scene.ask('time_limit', { task_name: 'step', hard: -1 })).toEqual({
      error: expect.stringMatching(/Error\(/),
    });
  });
});
