import { describe, expectTypeOf, it } from 'vitest';
import { Deque } from './collections/deque.js';
import { Batcher } from './concurrency/batcher.js';
import { type Deferred, deferred } from './concurrency/deferred.js';
import {
  type CaseDescription,
  casesOf,
  type ConformanceCase,
  type Requirement,
} from './conformance/conformance-case.js';

describe('what holds values', () => {
  it('gives what it was given: a deque', () => {
    const deque = new Deque<number>();
    deque.pushBack(1);
    expectTypeOf(deque.popFront()).toEqualTypeOf<number | undefined>();
    // @ts-expect-error a text is no number
    deque.pushBack('1');
  });

  it('gives what it was given: a batcher', () => {
    const batcher = new Batcher<string>(async (items) => {
      expectTypeOf(items).toEqualTypeOf<readonly string[]>();
    });
    expectTypeOf(batcher.add).parameters.toEqualTypeOf<[item: string]>();
  });

  it('gives what it was given: a deferred promise', () => {
    expectTypeOf(deferred<number>()).toEqualTypeOf<Deferred<number>>();
    expectTypeOf(deferred<number>().promise).resolves.toEqualTypeOf<number>();
    expectTypeOf(deferred()).toEqualTypeOf<Deferred<void>>();
    // @ts-expect-error a number is asked for
    deferred<number>().resolve('1');
  });
});

describe('a conformance kit', () => {
  it('joins cases with the subject that their requirements ask, and the scene that they play in', () => {
    const scene = { close: () => Promise.resolve(), open: () => 1 };
    const loud: Requirement<{ readonly isLoud: boolean }> = { what: 'noise', isMet: ({ isLoud }) => isLoud };
    const one: CaseDescription<{ readonly isLoud: boolean }, typeof scene> = {
      name: 'opens',
      requires: loud,
      run: async ({ open }) => {
        expectTypeOf(open()).toEqualTypeOf<number>();
      },
    };
    expectTypeOf(casesOf([one], { isLoud: true }, () => scene)).toEqualTypeOf<readonly ConformanceCase[]>();
    // @ts-expect-error not the subject that the requirement asks
    casesOf([one], { isLoud: 1 }, () => scene);
    // @ts-expect-error a scene that cannot be closed
    casesOf([one], { isLoud: true }, () => ({ open: () => 1 }));
  });
});
