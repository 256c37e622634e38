import { deepStrictEqual } from 'node:assert';
import { describe, expect, test, vi } from 'vitest';
import { Decimal } from './decimal.js';
import { PlainDate } from './plain-date.js';
import { PlainTime } from './plain-time.js';
import { isSameValue } from './same-value.js';
import { Uuid } from './uuid.js';
import { isoText, WireDate } from './wire-date.js';

describe('A Decimal', () => {
  test.each(['1.10', '-1E+5', '0E-10', 'NaN', 'sNaN', '-sNaN12', 'Infinity', '-Infinity', '.5', '+7.'])(
    'keeps the exact text that Python writes: %s',
    (text) => {
      expect(String(new Decimal(text))).toBe(text);
    },
  );

  test('gives the nearest number', () => {
    expect(['1.10', '1E+5', '-Infinity', 'inf', 'sNaN'].map((text) => new Decimal(text).toNumber())).toEqual([
      1.1,
      100_000,
      Number.NEGATIVE_INFINITY,
      Number.POSITIVE_INFINITY,
      Number.NaN,
    ]);
  });

  test.each(['', ' 1', '1,5', '1e', '0x10', '--1', '1_000'])('refuses what is no decimal number: %j', (text) => {
    expect(() => new Decimal(text)).toThrow(TypeError);
  });

  test('tells a hostile text from a number without taking long', () => {
    expect(() => new Decimal(`${'1'.repeat(2_000_000)}x`)).toThrow(TypeError);
  });

  test('is equal by its text, and cannot be changed', () => {
    const price = new Decimal('1.10');
    expect(price.equals(new Decimal('1.10'))).toBe(true);
    expect(price.equals(new Decimal('1.1'))).toBe(false);
    expect(() => Object.assign(price, { text: '2' })).toThrow(TypeError);
  });
});

describe('A Uuid', () => {
  test('takes the canonical form or the digits alone, in any case, and knows both', () => {
    for (const text of ['12345678-1234-4234-8234-1234567890AB', '123456781234423482341234567890ab']) {
      expect(String(new Uuid(text))).toBe('12345678-1234-4234-8234-1234567890ab');
      expect(new Uuid(text).hex).toBe('123456781234423482341234567890ab');
    }
  });

  test.each(['', '1234', '12345678-1234-4234-8234-1234567890ag', `{12345678-1234-4234-8234-1234567890ab}`])(
    'refuses %j',
    (text) => {
      expect(() => new Uuid(text)).toThrow(TypeError);
    },
  );
});

describe('A PlainDate', () => {
  test('is read and written as Python does', () => {
    expect(String(PlainDate.from('2030-01-02'))).toBe('2030-01-02');
    expect(String(new PlainDate(1, 2, 3))).toBe('0001-02-03');
    expect(new PlainDate(2024, 2, 29).equals(PlainDate.from('2024-02-29'))).toBe(true);
  });

  test.each([
    '2023-02-29',
    '1900-02-29',
    '2030-13-01',
    '2030-00-01',
    '2030-01-32',
    '0000-01-01',
    '2030-1-1',
    '20300101',
  ])('refuses %s', (text) => {
    expect(() => PlainDate.from(text)).toThrow(TypeError);
  });
});

describe('A PlainTime', () => {
  test.each([
    ['03:04:05', '03:04:05'],
    ['03:04', '03:04:00'],
    ['T03:04:05.5', '03:04:05.500000'],
    ['03:04:05.000006', '03:04:05.000006'],
    ['03:04:05,1234567', '03:04:05.123456'],
    ['03:04:05Z', '03:04:05+00:00'],
    ['03:04:05-03:30', '03:04:05-03:30'],
  ])('reads %s as %s', (text, written) => {
    expect(String(PlainTime.from(text))).toBe(written);
  });

  test.each(['24:00:00', '03:60:00', '03:04:60', '3:4', '03:04:05+25:00', '03:04:05 '])('refuses %j', (text) => {
    expect(() => PlainTime.from(text)).toThrow(TypeError);
  });
});

describe('A WireDate', () => {
  test.each([
    ['2030-01-02T03:04:05', '2030-01-02T03:04:05.000Z', 0, true],
    ['2030-01-02', '2030-01-02T00:00:00.000Z', 0, true],
    ['2030-01-02T03:04:05.678901', '2030-01-02T03:04:05.678Z', 901, true],
    ['2030-01-02 03:04:05,5+01', '2030-01-02T02:04:05.500Z', 0, false],
    ['2030-01-02T03:04:05-03:30', '2030-01-02T06:34:05.000Z', 0, false],
    ['2030-01-02T03:04:05.678901+05:30:15.000002', '2030-01-01T21:33:50.678Z', 899, false],
    ['0001-01-01T00:00:00+00:00', '0001-01-01T00:00:00.000Z', 0, false],
    ['2030-01-02T03:04:05Z', '2030-01-02T03:04:05.000Z', 0, false],
  ])('reads %s', (text, instant, microsecond, isNaive) => {
    const date = new WireDate(text);
    expect(date.toISOString()).toBe(instant);
    expect(date.microsecond).toBe(microsecond);
    expect(date.isNaive).toBe(isNaive);
    expect(date.toIsoText()).toBe(text);
  });

  test.each([
    '2030-01-02T24:00:00',
    '2030-02-30',
    '2030-01-02T03:04:05+24:00',
    '2030-W01-1',
    'yesterday',
    '2030-01-02T03',
  ])('refuses %s', (text) => {
    expect(() => new WireDate(text)).toThrow(TypeError);
  });

  test('that was changed is written with its new time, in UTC or naive as it was', () => {
    const aware = new WireDate('2030-01-02T03:04:05.678901-03:30');
    aware.setUTCFullYear(2031);
    const naive = new WireDate('2030-01-02T03:04:05');
    naive.setUTCMilliseconds(7);
    expect(aware.toIsoText()).toBe('2031-01-02T06:34:05.678000+00:00');
    expect(naive.toIsoText()).toBe('2030-01-02T03:04:05.007000');
  });

  test('is a Date everywhere else', () => {
    deepStrictEqual(new Date(new WireDate('2030-01-02T03:04:05Z')), new Date('2030-01-02T03:04:05Z'));
    expect(JSON.stringify(new WireDate('2030-01-02'))).toBe('"2030-01-02T00:00:00.000Z"');
  });

  test('of a plain Date has no more digits than needed', () => {
    expect(isoText(new Date('2030-01-02T03:04:05Z'))).toBe('2030-01-02T03:04:05+00:00');
    expect(isoText(new Date('2030-01-02T03:04:05.070Z'))).toBe('2030-01-02T03:04:05.070000+00:00');
    expect(() => isoText(new Date('+010000-01-01T00:00:00Z'))).toThrow(RangeError);
    expect(() => isoText(new Date(Number.NaN))).toThrow(RangeError);
  });
});

test('Values of another copy of the package are recognised', async () => {
  vi.resetModules();
  const { Decimal: OtherDecimal } = await import('./decimal.js');
  const { WireDate: OtherDate } = await import('./wire-date.js');
  const other = new OtherDecimal('1.10');
  expect(other instanceof Decimal).toBe(false);
  expect(Decimal.isDecimal(other)).toBe(true);
  expect(new Decimal('1.10').equals(other)).toBe(true);
  expect(WireDate.isWireDate(new OtherDate('2030-01-02'))).toBe(true);
  expect(Uuid.isUuid(other) || PlainDate.isPlainDate(other) || PlainTime.isPlainTime(null)).toBe(false);
});

describe('isSameValue', () => {
  const make = (): unknown => ({
    list: [1, 'a', null, Number.NaN, 5n],
    bytes: new Uint8Array([1, 2]),
    at: new WireDate('2030-01-02T03:04:05.000001+00:00'),
    price: new Decimal('1.10'),
    day: PlainDate.from('2030-01-02'),
  });

  test('compares by structure', () => {
    expect(isSameValue(make(), make())).toBe(true);
    expect(isSameValue({ a: 1, b: undefined }, { a: 1 })).toBe(true);
    expect(isSameValue(Buffer.from('a'), new Uint8Array([97]))).toBe(true);
    expect(isSameValue(new WireDate('2030-01-02T01:00:00+01:00'), new Date('2030-01-02T00:00:00Z'))).toBe(true);
  });

  test.each([
    [[1], [1, 2]],
    [{ a: 1 }, { b: 1 }],
    [{ a: undefined }, { b: 1 }],
    [[], {}],
    [null, {}],
    [new Decimal('1'), '1'],
    [new Decimal('2030'), new PlainDate(2030, 1, 1)],
    [new WireDate('2030-01-02T00:00:00.000001Z'), new Date('2030-01-02T00:00:00Z')],
    [new WireDate('2030-01-02T00:00:00'), new Date('2030-01-02T00:00:00Z')],
    [new Date(0), 0],
    [new Uint8Array([1]), [1]],
    [{ __proto__: null, toString: 1 }, {}],
  ])('tells %o from %o', (left: unknown, right: unknown) => {
    expect(isSameValue(left, right)).toBe(false);
    expect(isSameValue(right, left)).toBe(false);
  });
});
