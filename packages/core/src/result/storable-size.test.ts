import { describe, expect, test } from 'vitest';
import { Ctq } from '../app/ctq.js';
import { BackendStoreError, ResultTooLargeError } from '../errors/result-errors.js';

function setup(settings: object = {}) {
  const app = new Ctq('shop', { taskAlwaysEager: true, resultMaxSize: 1_000, ...settings });
  return {
    app,
    echo: app.task('echo', (value: unknown) => value),
    make: app.task('make', (count: number) => 'x'.repeat(count)),
    makeList: app.task('makeList', (count: number) => Array.from({ length: count }, () => 'item')),
    fail: app.task('fail', (count: number) => {
      throw new RangeError('x'.repeat(count));
    }),
  };
}

const endOf = (work: Promise<unknown>): Promise<unknown> => work.catch((error: unknown) => error);

describe('a result that is larger than resultMaxSize', () => {
  test.each([
    ['make', 998],
    ['makeList', 100],
  ] as const)('is one that is larger: %s(%d) is stored', async (name, count) => {
    expect(await (await setup()[name].delay(count)).get()).toHaveLength(count);
  });

  test.each([
    ['make', 999],
    ['make', 100_000],
    ['makeList', 1_000],
  ] as const)('is a failure that says so, and nothing is lost: %s(%d) [BK-055, TR-302]', async (name, count) => {
    const error = await endOf((await setup()[name].delay(count)).get());
    expect(ResultTooLargeError.isInstance(error) && error.message).toMatch(/at most 1000 are stored \(resultMaxSize\)/);
  });

  test('may be as large as messages where the setting does not say', async () => {
    const { make } = setup({ resultMaxSize: null, taskMaxMessageSize: 10_000 });
    expect(await (await make.delay(9_000)).get()).toHaveLength(9_000);
    expect(ResultTooLargeError.isInstance(await endOf((await make.delay(10_000)).get()))).toBe(true);
  });

  test('may be an error, of which the class and the size are kept', async () => {
    const result = await setup().fail.delay(5_000);
    const error = await endOf(result.get());
    expect(BackendStoreError.isInstance(error) && error.message).toMatch(/^RangeError: The result has \d+ bytes/);
    expect(await result.traceback()).toBeNull();
    expect(await endOf((await setup().fail.delay(100)).get())).toBeInstanceOf(RangeError);
  });

  test('is not what makes a task fail whose arguments alone are too large for an extended document', async () => {
    const { app } = setup({ resultExtended: true });
    const length = app.task('length', (text: string) => text.length);
    const result = await length.delay('x'.repeat(5_000));
    expect(await result.get()).toBe(5_000);
    expect(await result.extended()).toMatchObject({ name: 'length', args: [], kwargs: {} });
    expect(await (await length.delay('short')).extended()).toMatchObject({ args: ['short'] });
  });
});
