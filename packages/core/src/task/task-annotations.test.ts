import { describe, expect, test } from 'vitest';
import { Ctq } from '../app/ctq.js';
import type { TaskAnnotations } from '../config/annotation-setting.js';

function optionsOf(taskAnnotations: TaskAnnotations, name = 'add') {
  const app = new Ctq('shop', { taskAnnotations });
  app.task('add', { maxRetries: 1, queue: 'own' }, () => 1);
  app.task('other', () => 1);
  return app.kernel.registry.get(name).options;
}

describe('taskAnnotations', () => {
  test('put options over those of a task by its name, and those of * over these [TR-207, ST-151]', () => {
    const annotations = { add: { maxRetries: 2, priority: 3 }, '*': { priority: 9, expires: 60 } };
    expect(optionsOf(annotations)).toEqual({ maxRetries: 2, queue: 'own', priority: 9, expires: 60 });
    expect(optionsOf(annotations, 'other')).toEqual({ priority: 9, expires: 60 });
  });

  test('as a list: the first that has the task, and the first that has * [TR-208, TR-209]', () => {
    const annotations: TaskAnnotations = [
      ({ name }) => (name === 'other' ? { priority: 1 } : undefined),
      { add: { priority: 2 } },
      { add: { priority: 3, expires: 1 }, '*': { serializer: 'msgpack' } },
      { '*': { serializer: 'json', expires: 2 } },
    ];
    expect(optionsOf(annotations)).toEqual({ maxRetries: 1, queue: 'own', priority: 2, serializer: 'msgpack' });
    expect(optionsOf(annotations, 'other')).toEqual({ priority: 1, serializer: 'msgpack' });
  });

  test('have their effect on calls and runs [TR-211, ST-151]', async () => {
    const failed: string[] = [];
    await using app = new Ctq('shop', {
      taskAlwaysEager: true,
      taskAnnotations: {
        '*': { onFailure: (error: Error) => void failed.push(error.message) },
        boom: { maxRetries: 2 },
      },
    });
    let runs = 0;
    const boom = app.task('boom', { autoretryFor: [Error], maxRetries: 0 }, () => {
      runs += 1;
      throw new Error(`no ${runs}`);
    });
    await expect((await boom.delay()).get()).rejects.toThrow('no 3');
    expect(failed).toEqual(['no 3']);
  });

  test('may have the names that Celery has', () => {
    expect(optionsOf({ add: { ignore_result: true, max_retries: null } } as never)).toEqual({
      maxRetries: 1,
      queue: 'own',
      ignoreResult: true,
    });
  });

  test.each<[string, unknown]>([
    ['an import path', 'shop.annotations.All'],
    ['an option that does not exist', { add: { maxRetry: 1 } }],
    ['decoration of a method', { '*': { '@run': () => undefined } }],
    ['bind, which is of the function', { add: { bind: true } }],
  ])('refuse %s', (_, annotations) => {
    expect(() => optionsOf(annotations as never)).toThrow(/taskAnnotations.*expected options of tasks/);
  });

  test('refuse a soft limit above the hard one', () => {
    expect(() => optionsOf({ add: { softTimeLimit: 10, timeLimit: 5 } })).toThrow(/soft time limit/);
  });
});

describe('app.taskWith', () => {
  test("defines tasks that share options; a task's own win [TR-034]", async () => {
    const done: unknown[] = [];
    await using app = new Ctq('shop', { taskAlwaysEager: true });
    const reliable = app.taskWith({ maxRetries: 10, queue: 'money', onSuccess: (value) => void done.push(value) });
    const charge = reliable('charge', { queue: 'cards' }, (cents: number) => cents);
    const refund = reliable('refund', (cents: number) => -cents);
    const bound = reliable('bound', { bind: true }, (ctx, x: number) => [ctx.request.task, x]);
    expect(charge.options).toMatchObject({ maxRetries: 10, queue: 'cards' });
    expect(refund.options).toMatchObject({ maxRetries: 10, queue: 'money' });
    await charge.delay(5);
    await refund.delay(5);
    expect(await (await bound.delay(1)).get()).toEqual(['bound', 1]);
    expect(done).toEqual([5, -5, ['bound', 1]]);
    expect(app.kernel.registry.names).toEqual(['bound', 'charge', 'refund']);
  });
});

describe('shadowName', () => {
  test('names a call in logs and monitors, unless the call does [TR-060]', async () => {
    const shadows: unknown[] = [];
    await using app = new Ctq('shop', {
      broker: 'memory://',
      interceptors: [{ name: 'capture', publish: async ({ message }) => void shadows.push(message.headers['shadow']) }],
    });
    const pay = app.task(
      'pay',
      {
        shadowName: ([who], _kwargs, { queue }) =>
          who === 'me' ? undefined : `pay ${String(who)} over ${String(queue)}`,
      },
      (_who: string) => 1,
    );
    await pay.applyAsync(['you'], { queue: 'q' });
    await pay.delay('me');
    await pay.applyAsync(['you'], { shadow: 'given' });
    expect(shadows).toEqual(['pay you over q', null, 'given']);
  });
});
