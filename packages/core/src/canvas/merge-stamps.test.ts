import { Uuid } from '@ctq/messaging';
import { describe, expect, it } from 'vitest';
import { mergeStamps } from './merge-stamps.js';

const appendStamps = true;

describe('stamps of two origins', () => {
  it('are those of both; under one name the first one stands [CV-132]', () => {
    const first = { tenant: 'blue', tags: ['a'], none: null };
    const second = { tenant: 'red', order: 17, tags: ['b'], none: 1 };
    expect(mergeStamps(first, second, {})).toEqual({ tenant: 'blue', order: 17, tags: ['a'], none: null });
    expect(first.tags).toEqual(['a']);
  });

  it('are collected where that is asked for: lists are joined, objects merged, everything else becomes a list [CV-132, CV-374]', () => {
    const [one, other] = [new Uuid('12345678-1234-4234-8234-123456789012'), new Date(0)];
    const first = { object: { a: 1, c: 1 }, list: [1, 2], mixed: 'x', text: 'x', own: true, of: one };
    const second = { object: { b: 2, c: 2 }, list: [3, 4], mixed: ['y'], text: 'y', more: 5, of: other };
    expect(mergeStamps(first, second, { appendStamps })).toEqual({
      ...{ object: { a: 1, b: 2, c: [1, 2] }, list: [1, 2, 3, 4], mixed: ['x', 'y'], text: ['x', 'y'] },
      ...{ own: true, more: 5, of: [one, other] },
    });
    expect(first.list).toEqual([1, 2]);
  });

  // celery 5.6 t/unit/tasks/test_canvas.py, test_none_values.
  it.each([
    [null, null, [null]],
    [null, [null], [[null]]],
    [null, 'x', ['x']],
    [null, ['x'], [['x']]],
    [[null], null, [null, null]],
    [[null], [null], [null, null]],
    [[null], 'x', [null, 'x']],
    [[null], ['x'], [null, 'x']],
  ])('collect %j and %j as %j [CV-374]', (first, second, both) => {
    expect(mergeStamps({ a: first }, { a: second }, { appendStamps })).toEqual({ a: both });
  });
});
