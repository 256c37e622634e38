import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { toError } from './to-error.js';

test.each([
  ['an error', new TypeError('x')],
  ['an abort', AbortSignal.abort().reason],
  ['an error of another realm', runInNewContext('new RangeError("x")')],
])('%s stays itself', (_, error: unknown) => {
  expect(toError(error)).toBe(error);
});

test.each([
  ['text', "'text'"],
  [undefined, 'undefined'],
  [null, 'null'],
  [7n, '7n'],
  [Symbol('s'), 'Symbol(s)'],
  [{ a: 1 }, '{ a: 1 }'],
  [Object.create(null), '[Object: null prototype] {}'],
])('what is not an error is wrapped, shown and kept as the cause: %o', (thrown: unknown, shown) => {
  const error = toError(thrown);
  expect(error.message).toBe(`A value that is not an Error was thrown: ${shown}`);
  expect(error.cause).toBe(thrown);
});

test('a value that cannot be shown is wrapped all the same', () => {
  const thrown = Object.defineProperty({}, Symbol.toStringTag, {
    get: () => {
      throw new Error('no');
    },
  });
  expect(toError(thrown).cause).toBe(thrown);
});

test('a value that hangs together in a circle is wrapped', () => {
  const thrown: { self?: unknown } = {};
  thrown.self = thrown;
  expect(toError(thrown).message).toContain('Circular');
});
