import { VirtualClock } from '@ctq/runtime';
import { describe, expect, test } from 'vitest';
import { Ctq } from '../app/ctq.js';
import { chain } from '../canvas/chain.js';
import { ResultTimeoutError } from '../errors/result-errors.js';
import { storedError } from './stored-error.js';
import type { TaskState } from './states.js';

const clock = new VirtualClock();

function setup() {
  const app = new Ctq('shop', { taskAlwaysEager: true, clock });
  return {
    app,
    add: app.task('add', (x: number, y: number) => x + y),
    async storeAs(status: TaskState): Promise<string> {
      await app.kernel.results.store({
        taskId: status,
        status,
        result: storedError(new Error('no')),
        traceback: null,
        children: [],
        dateDone: null,
      });
      return status;
    },
  };
}

describe('a result', () => {
  test('needs the id of its task [TR-170]', () => {
    const { app } = setup();
    expect(() => app.asyncResult('')).toThrow(TypeError);
    expect(app.asyncResult('some-id').id).toBe('some-id');
  });

  test('of a task that nobody knows is PENDING [TR-189]', async () => {
    const { app } = setup();
    const result = app.asyncResult('nobody-sent-it');
    expect(await result.state()).toBe('PENDING');
    expect(await result.ready()).toBe(false);
    expect(await result.record()).toBeUndefined();
  });

  test.each<[TaskState, ready: boolean, successful: boolean, failed: boolean]>([
    ['SUCCESS', true, true, false],
    ['FAILURE', true, false, true],
    ['REVOKED', true, false, false],
    ['RETRY', false, false, false],
    ['STARTED', false, false, false],
    ['PROGRESS', false, false, false],
  ])('in %s: ready %s, successful %s, failed %s [TR-173]', async (state, ...expected) => {
    const { app, storeAs } = setup();
    const result = app.asyncResult(await storeAs(state));
    expect([await result.ready(), await result.successful(), await result.failed()]).toEqual(expected);
  });

  test('that does not come in time is a timeout [TR-154]', async () => {
    const { app } = setup();
    const waiting = app.asyncResult('never').get({ timeout: 10 });
    const end = waiting.catch((error: unknown) => error);
    await app.backend();
    await clock.advance(10_000);
    expect(ResultTimeoutError.isInstance(await end)).toBe(true);
  });

  test('of a call that ran in place is its value, or throws; what is no error is wrapped in one [TR-191]', async () => {
    const { app, add } = setup();
    const failing = app.task('failing', (thrown: 'text' | 'error') => {
      if (thrown === 'error') throw new TypeError('no');
      // oxlint-disable-next-line typescript/only-throw-error -- what is tested
      throw 'just text';
    });
    expect(await (await add.delay(1, 2)).get()).toBe(3);
    await expect((await failing.delay('error')).get()).rejects.toThrow(new TypeError('no'));
    const wrapped = await (await failing.delay('text')).get().catch((error: unknown) => error);
    expect(wrapped).toBeInstanceOf(Error);
    expect(String(wrapped)).toContain('just text');
  });

  test('is forgotten together with those of its parents [TR-179, CV-160]', async () => {
    const { add } = setup();
    const result = await chain(add.s(1, 1), add.s(2), add.s(3)).delay();
    const parents = [result.parent, result.parent?.parent];
    expect(await Promise.all(parents.map((parent) => parent?.ready()))).toEqual([true, true]);
    await result.forget();
    expect(await result.state()).toBe('PENDING');
    expect(await Promise.all(parents.map((parent) => parent?.ready()))).toEqual([false, false]);
  });
});
