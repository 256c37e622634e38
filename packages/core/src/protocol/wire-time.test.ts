import { describe, expect, test } from 'vitest';
import { InvalidTaskMessageError } from '../errors/task-errors.js';
import { formatWireTime, localToAware, parseWireTime } from './wire-time.js';

const at = (iso: string): number => Date.parse(iso);

describe('times on the wire', () => {
  test('[TR-281] are written as Python writes an aware datetime in UTC', () => {
    expect(formatWireTime(at('2030-01-02T03:04:05.000Z'))).toBe('2030-01-02T03:04:05+00:00');
    expect(formatWireTime(new Date('2030-01-02T03:04:05.678Z'))).toBe('2030-01-02T03:04:05.678000+00:00');
    expect(formatWireTime(at('2030-01-02T03:04:05.678Z') + 0.5)).toBe('2030-01-02T03:04:05.678500+00:00');
    expect(formatWireTime(-1)).toBe('1969-12-31T23:59:59.999000+00:00');
    expect(() => formatWireTime(at('2030-01-02T00:00:00Z') * 1_000)).toThrow(RangeError);
  });

  test.each([
    ['2030-01-02T03:04:05', '2030-01-02T03:04:05Z'],
    ['2030-01-02T03:04:05+00:00', '2030-01-02T03:04:05Z'],
    ['2030-01-02T03:04:05.123Z', '2030-01-02T03:04:05.123Z'],
    ['2030-01-02T03:04:05.5', '2030-01-02T03:04:05.5Z'],
    ['2030-01-02T03:04:05+02:00', '2030-01-02T01:04:05Z'],
    ['2030-01-02T03:04:05-0330', '2030-01-02T06:34:05Z'],
    ['2030-01-02T03:04:05+02', '2030-01-02T01:04:05Z'],
    ['2030-01-02 03:04', '2030-01-02T03:04:00Z'],
    ['2030-01-02', '2030-01-02T00:00:00Z'],
    ['0099-01-02T00:00:00Z', '0099-01-02T00:00:00Z'],
  ])('[TR-281] %s is %s', (text, instant) => {
    expect(parseWireTime(text)).toBe(at(instant));
  });

  test('[TR-281] keep the microseconds that Python sends', () => {
    const text = '2026-11-21T02:46:00.148688+00:00';
    expect(formatWireTime(parseWireTime(text))).toBe(text);
  });

  test.each([
    'tomorrow',
    '',
    '2030-02-30T00:00:00Z',
    '2030-01-02T25:00:00Z',
    '2030-01-02T03:60:00Z',
    '1577836800',
    'x'.repeat(1_000),
  ])('%s is not a time', (text) => {
    expect(() => parseWireTime(text)).toThrow(InvalidTaskMessageError);
  });

  test.each([
    ['2030-01-15T12:00:00', 'Europe/Prague', '2030-01-15T11:00:00Z'],
    ['2030-07-15T12:00:00', 'Europe/Prague', '2030-07-15T10:00:00Z'],
    ['2030-07-15T12:00:00', 'Asia/Kolkata', '2030-07-15T06:30:00Z'],
    ['2030-07-15T12:00:00', 'America/New_York', '2030-07-15T16:00:00Z'],
    // Shown twice, when clocks go back: the first.
    ['2030-10-27T02:30:00', 'Europe/Prague', '2030-10-27T00:30:00Z'],
    ['2030-11-03T01:30:00', 'America/New_York', '2030-11-03T05:30:00Z'],
    // Never shown: the offset before the change.
    ['2030-03-31T02:30:00', 'Europe/Prague', '2030-03-31T01:30:00Z'],
    ['2030-03-10T02:30:00', 'America/New_York', '2030-03-10T07:30:00Z'],
    ['2030-03-31T03:00:00', 'Europe/Prague', '2030-03-31T01:00:00Z'],
    ['2030-01-15T12:00:00+00:00', 'Europe/Prague', '2030-01-15T12:00:00Z'],
  ])('without offset are in the given zone: %s in %s is %s', (text, zone, instant) => {
    expect(parseWireTime(text, zone)).toBe(at(instant));
  });

  test("[TR-290] of protocol 1 without utc are this host's", () => {
    expect(localToAware('2030-01-15T12:00:00')).toBe(formatWireTime(new Date(2030, 0, 15, 12)));
    expect(localToAware('2030-01-15T12:00:00Z')).toBe('2030-01-15T12:00:00Z');
    expect(localToAware(null)).toBeNull();
    expect(localToAware('x')).toBe('x');
  });
});
