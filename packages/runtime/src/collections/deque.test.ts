import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Deque } from './deque.js';

describe('deque', () => {
  test('behaves as an array that is pushed and popped at both ends', () => {
    const step = fc.constantFrom('pushBack', 'pushFront', 'popFront', 'popFront', 'popBack', 'clear');
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const deque = new Deque<number>();
        let model: number[] = [];
        const popped: (number | undefined)[] = [];
        const expected: (number | undefined)[] = [];
        for (const [index, action] of steps.entries()) {
          if (action === 'pushBack') {
            deque.pushBack(index);
            model.push(index);
          } else if (action === 'pushFront') {
            deque.pushFront(index);
            model.unshift(index);
          } else if (action === 'popFront') {
            popped.push(deque.popFront());
            expected.push(model.shift());
          } else if (action === 'popBack') {
            popped.push(deque.popBack());
            expected.push(model.pop());
          } else if (index % 20 === 0) {
            deque.clear();
            model = [];
          }
          expect(deque.size).toBe(model.length);
          expect([...deque]).toEqual(model);
        }
        expect(popped).toEqual(expected);
        while (model.length > 0) expect(deque.popFront()).toBe(model.shift());
        expect(deque.popFront()).toBeUndefined();
      }),
    );
  });
});
