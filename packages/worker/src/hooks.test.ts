import { Ctq, currentTask, Ignore, type TaskContext } from '@ctq/core';
import { describe, expect, test } from 'vitest';
import { WorkerScene } from './__fixtures__/worker-scene.js';

/** Hooks that write down what they are given, and what is stored by then. */
function journal(scene: { readonly app: Ctq }) {
  const lines: unknown[][] = [];
  const note =
    (name: string) =>
    async (...given: unknown[]): Promise<void> => {
      const ctx = given.at(-1) as TaskContext;
      const state = await scene.app.asyncResult(ctx.request.id).state();
      const shown = given.slice(0, -1).map((value) => (value instanceof Error ? value.message : value));
      lines.push([name, ...shown, state, ctx.request.args, currentTask()?.request.id === ctx.request.id]);
    };
  const hooks = {
    beforeStart: note('beforeStart'),
    onSuccess: note('onSuccess'),
    onFailure: note('onFailure'),
    onRetry: note('onRetry'),
    afterReturn: note('afterReturn'),
  };
  return { lines, hooks };
}

describe('Hooks of a task', () => {
  test('around a success: before it starts, and when its result is stored [TR-068, TR-070, TR-073]', async () => {
    await using scene = new WorkerScene();
    const { lines, hooks } = journal(scene);
    const add = scene.app.task('add', hooks, (x: number, y: number) => x + y);
    const worker = await scene.start();
    expect(await (await add.delay(2, 3)).get({ timeout: 10 })).toBe(5);
    await worker.stop();
    expect(lines).toEqual([
      ['beforeStart', 'PENDING', [2, 3], true],
      ['onSuccess', 5, 'SUCCESS', [2, 3], true],
      ['afterReturn', 'SUCCESS', 5, 'SUCCESS', [2, 3], true],
    ]);
  });

  test('around a failure, whatever it failed of [TR-071, TR-073]', async () => {
    await using scene = new WorkerScene();
    const { lines, hooks } = journal(scene);
    const boom = scene.app.task('boom', hooks, () => {
      throw new Error('no');
    });
    const unstorable = scene.app.task('unstorable', hooks, () => new Map() as never);
    const endless = scene.app.task('endless', { ...hooks, timeLimit: 1 }, () => new Promise<never>(() => undefined));
    const worker = await scene.start();
    await expect((await boom.delay()).get({ timeout: 10 })).rejects.toThrow('no');
    await expect((await unstorable.delay()).get({ timeout: 10 })).rejects.toThrow();
    const late = await endless.delay();
    await scene.line(/accepted: endless/);
    await scene.clock.advance(1_000);
    await expect(late.get({ timeout: 10 })).rejects.toThrow();
    await worker.stop();
    expect(lines.map(([name, what]) => [name, what]).filter(([name]) => name !== 'beforeStart')).toEqual([
      ['onFailure', 'no'],
      ['afterReturn', 'FAILURE'],
      ['onFailure', expect.stringContaining('Map')],
      ['afterReturn', 'FAILURE'],
      ['onFailure', expect.stringContaining('1')],
      ['afterReturn', 'FAILURE'],
    ]);
    expect(lines[1]).toEqual(['onFailure', 'no', 'FAILURE', [], true]);
  });

  test('around a retry: onRetry with its error, and nothing after it returned [TR-072, TR-073]', async () => {
    await using scene = new WorkerScene();
    const { lines, hooks } = journal(scene);
    const task = scene.app.task('task', { ...hooks, bind: true }, (ctx) =>
      ctx.request.retries === 0 ? ctx.retry({ countdown: 0, error: new Error('busy') }) : 'done',
    );
    const worker = await scene.start();
    expect(await (await task.delay()).get({ timeout: 10 })).toBe('done');
    await worker.stop();
    const names = lines.map(([name]) => name);
    expect(names.filter((name) => name === 'onRetry')).toHaveLength(1);
    expect(names.filter((name) => name === 'afterReturn')).toHaveLength(1);
    expect(lines.find(([name]) => name === 'onRetry')?.[1]).toBe('busy');
  });

  test('are not called for what is ignored [TR-073]', async () => {
    await using scene = new WorkerScene();
    const { lines, hooks } = journal(scene);
    const task = scene.app.task('task', hooks, () => {
      throw new Ignore();
    });
    const worker = await scene.start();
    await task.delay();
    await scene.line(/ignored/);
    await worker.stop();
    expect(lines.map(([name]) => name)).toEqual(['beforeStart']);
  });

  test('an error of beforeStart is that of the task, and its function does not run [TR-068]', async () => {
    await using scene = new WorkerScene();
    let ran = 0;
    const task = scene.app.task(
      'task',
      {
        beforeStart: () => {
          throw new Error('not today');
        },
      },
      () => {
        ran += 1;
      },
    );
    await scene.start();
    await expect((await task.delay()).get({ timeout: 10 })).rejects.toThrow('not today');
    expect(ran).toBe(0);
  });

  test('an error of another hook is logged, and the outcome stands', async () => {
    await using scene = new WorkerScene();
    let isAfter = false;
    const task = scene.app.task(
      'task',
      {
        onSuccess: () => Promise.reject(new Error('hook')),
        afterReturn: () => {
          isAfter = true;
        },
      },
      () => 1,
    );
    const worker = await scene.start();
    expect(await (await task.delay()).get({ timeout: 10 })).toBe(1);
    await worker.stop();
    expect((await scene.line(/onSuccess hook of task.* failed/)).level).toBe('error');
    expect(isAfter).toBe(true);
    expect(await scene.waiting()).toBe(0);
  });

  test('are over before the message is acknowledged [TR-216]', async () => {
    await using scene = new WorkerScene();
    let open: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    const task = scene.app.task('task', { onSuccess: () => gate }, () => 1);
    const worker = await scene.start();
    await (await task.delay()).get({ timeout: 10 });
    await worker.stop(scene.after(0));
    expect(await scene.waiting()).toBe(1);
    open();
  });

  test('are called of eager tasks too', async () => {
    const scene = { app: new Ctq('eager', { taskAlwaysEager: true }) };
    await using _app = scene.app;
    const { lines, hooks } = journal(scene);
    await scene.app.task('add', hooks, (x: number) => x).delay(1);
    expect(lines.map(([name]) => name)).toEqual(['beforeStart', 'onSuccess', 'afterReturn']);
  });
});
