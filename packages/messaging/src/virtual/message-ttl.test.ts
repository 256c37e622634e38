import { describe, expect, test } from 'vitest';
import { clampedPriority, expiresAt } from './message-ttl.js';

describe('time to live', () => {
  test("the shorter of the message's and the queue's counts [MS-044] [MS-056]", () => {
    expect(expiresAt({ expiration: '5000' }, undefined, 1_000)).toBe(6_000);
    expect(expiresAt({}, { 'x-message-ttl': 3_000 }, 1_000)).toBe(4_000);
    expect(expiresAt({ expiration: '5000' }, { 'x-message-ttl': 3_000 }, 1_000)).toBe(4_000);
    expect(expiresAt({ expiration: '2000' }, { 'x-message-ttl': 3_000 }, 1_000)).toBe(3_000);
  });

  test('a fraction of a millisecond is a whole one', () => {
    expect(expiresAt({}, { 'x-message-ttl': 0.5 }, 1_000)).toBe(1_001);
  });

  test('a message without either lives for ever, one with 0 not at all', () => {
    expect(expiresAt({}, {}, 1_000)).toBeUndefined();
    expect(expiresAt({ expiration: '0' }, undefined, 1_000)).toBe(1_000);
  });

  test('what is no whole number of milliseconds is taken as none', () => {
    for (const expiration of ['', '-1', '1.5', 'soon', '1e3', ' 5']) {
      expect(expiresAt({ expiration }, undefined, 1_000)).toBeUndefined();
    }
    expect(expiresAt({}, { 'x-message-ttl': '5' }, 1_000)).toBeUndefined();
  });
});

describe('priority', () => {
  test('is between 0 and 9, 0 when there is none [MS-097]', () => {
    const given = [undefined, -1, 0, 1, 5.9, 9, 10, 255, Number.NaN, Number.POSITIVE_INFINITY];
    expect(given.map(clampedPriority)).toEqual([0, 0, 0, 1, 5, 9, 9, 9, 0, 9]);
  });
});
