import { describe, expectTypeOf, it } from 'vitest';
import { Deque } from './collections/deque.js';
import { Batcher } from './concurrency/batcher.js';
import { type Deferred, deferred } from './concurrency/deferred.js';

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
