import { expect, test } from 'vitest';
import { LamportClock } from './lamport-clock.js';

test('A logical clock goes forward with each that is sent, and past what it hears of', () => {
  const clock = new LamportClock();
  expect(clock.forward()).toBe(1);
  expect(clock.adjust(10)).toBe(11);
  expect(clock.adjust(3)).toBe(12);
  expect(clock.forward()).toBe(13);
  expect(String(clock)).toBe('13');
});

test.each([undefined, null, '99', Number.NaN, 2 ** 60, -5, {}])('A clock that hears %s goes on by one', (heard) => {
  const clock = new LamportClock(7);
  expect(clock.adjust(heard)).toBe(8);
});
