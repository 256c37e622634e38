import { expect, test } from 'vitest';
import { assertKnownOptions, camelCaseOptions } from './known-options.js';

const known = ['path', 'leaseDuration', 'synchronous'];

test('options that an adapter has are accepted', () => {
  expect(() => assertKnownOptions('sqlite', { path: 'a', synchronous: 'FULL' }, known)).not.toThrow();
});

test('an unknown option is an error with the nearest name', () => {
  expect(() => assertKnownOptions('sqlite', { leaseDuraton: 1 }, known)).toThrow(
    "sqlite has no option 'leaseDuraton'. Did you mean 'leaseDuration'?",
  );
  expect(() => assertKnownOptions('sqlite', { lease_duration: 1 }, known)).toThrow("Did you mean 'leaseDuration'?");
});

test('an option that resembles none is an error with all names', () => {
  expect(() => assertKnownOptions('sqlite', { visibilityTimeout: 1 }, known)).toThrow(
    'It has: path, leaseDuration, synchronous.',
  );
});

test("options in Python's spelling are the same options", () => {
  expect(camelCaseOptions({ lease_duration: 1, path: 'a', unacked_index_key: 'b' })).toEqual({
    leaseDuration: 1,
    path: 'a',
    unackedIndexKey: 'b',
  });
});
