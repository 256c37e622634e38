import { describe, expect, it } from 'vitest';
import { publicGenerics, typeTests } from './generics.js';

/** Packages whose types are for people who write tasks. */
const packages = ['core', 'messaging', 'runtime', 'worker'];

describe('what is generic and public', () => {
  it('is found', () => {
    expect(publicGenerics('core')).toEqual(
      expect.arrayContaining(['Task', 'chain', 'Signature', 'AsyncResult', 'Wire']),
    );
  });

  it.each(packages)('has a test of its types: %s', (name) => {
    const tests = typeTests(name);
    expect(publicGenerics(name).filter((generic) => !new RegExp(`\\b${generic}\\b`).test(tests))).toEqual([]);
  });
});
