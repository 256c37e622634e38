import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Duration, durationMs, formatDuration } from './duration.js';

function attempt(text: string): unknown {
  try {
    return durationMs(text);
  } catch (error) {
    return error;
  }
}

describe('durationMs', () => {
  test.each<[Duration | string, number]>([
    [10, 10_000],
    [0, 0],
    [0.25, 250],
    [2.3, 2_300],
    [1.001, 1_001],
    [-5, -5_000],
    ['250ms', 250],
    ['10s', 10_000],
    ['5m', 300_000],
    ['2h', 7_200_000],
    ['1d', 86_400_000],
    ['1.5h', 5_400_000],
    ['.5s', 500],
    ['1e3ms', 1_000],
    ['+3s', 3_000],
    ['-3s', -3_000],
    [' 10 s ', 10_000],
  ])('reads %o as %d ms', (duration, ms) => {
    expect(durationMs(duration)).toBe(ms);
  });

  test.each([
    '',
    's',
    '10',
    '10 seconds',
    '10S',
    '1h30m',
    '10w',
    '1e999s',
    '0x10s',
    Number.NaN,
    Number.POSITIVE_INFINITY,
    1e308,
  ])('refuses %o and says what to give instead', (duration) => {
    expect(() => durationMs(duration)).toThrow(TypeError);
    expect(() => durationMs(duration)).toThrow(
      /^Not a duration: .+ Give a number of seconds or a string such as '250ms'/,
    );
  });

  test.each([undefined, null, {}, [], 10n, true, Symbol('s')])(
    'refuses %o, which only plain JavaScript can pass',
    (value: unknown) => {
      expect(() => durationMs(value as Duration)).toThrow(/^Not a duration/);
    },
  );

  test('reads every number of seconds as a thousand times as many milliseconds', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1e9, max: 1e9 }), (thousandths) => {
        expect(durationMs(thousandths / 1_000)).toBe(thousandths + 0);
      }),
    );
  });

  test('reads whatever text without throwing anything but a TypeError', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[-+.e\d]{1,8} ?(ms|s|m|h|d)$/)), (text) => {
        expect(attempt(text)).toSatisfy((result) => result instanceof TypeError || Number.isFinite(result));
      }),
    );
  });
});

describe('formatDuration', () => {
  test.each([
    [0, '0s'],
    [1, '1ms'],
    [0.5, '0.5ms'],
    [1_000, '1s'],
    [1_500, '1500ms'],
    [90_000, '90s'],
    [3_600_000, '1h'],
    [172_800_000, '2d'],
    [-60_000, '-1m'],
    [Number.POSITIVE_INFINITY, 'Infinity'],
  ])('shows %d ms as %s', (ms, shown) => {
    expect(formatDuration(ms)).toBe(shown);
  });

  test('shows every whole number of milliseconds so that it reads back as the same', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1e14, max: 1e14 }), (ms) => {
        expect(durationMs(formatDuration(ms))).toBe(ms + 0);
      }),
    );
  });
});
