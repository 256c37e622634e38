import { describe, expect, test } from 'vitest';
import { autoscaleRange, commaList, jsonArray, jsonObject, logLevel } from './option-values.js';

describe('Values of options', () => {
  test('lists are split at commas [CL-010]', () => {
    expect(commaList('a,b, c')).toEqual(['a', 'b', 'c']);
    expect(commaList('a')).toEqual(['a']);
    expect(commaList('')).toEqual([]);
  });

  test.each([
    ['DEBUG', 'debug'],
    ['INFO', 'info'],
    ['WARNING', 'warn'],
    ['ERROR', 'error'],
    ['CRITICAL', 'fatal'],
    ['FATAL', 'fatal'],
  ])('the level %s is known in any case [CL-012]', (name, level) => {
    for (const written of [name, name.toLowerCase(), `${name.slice(0, 1)}${name.slice(1).toLowerCase()}`])
      expect(logLevel(written)).toBe(level);
    expect(() => logLevel(`${name}S`)).toThrow(/is not one of DEBUG, INFO, WARNING, ERROR, CRITICAL, FATAL/);
  });

  test('a range of slots is the most and the least, in any order; one alone is the most [CL-051]', () => {
    expect(autoscaleRange('10,3')).toEqual({ min: 3, max: 10 });
    expect(autoscaleRange('3,10')).toEqual({ min: 3, max: 10 });
    expect(autoscaleRange('4')).toEqual({ min: 0, max: 4 });
    for (const wrong of ['', 'a', '0', '1,2,3', '-1,2', '1.5'])
      expect(() => autoscaleRange(wrong)).toThrow(/whole number|max,min/);
  });

  test('JSON has to be what the option is about [CL-011]', () => {
    expect(jsonArray('[1, "a"]')).toEqual([1, 'a']);
    expect(jsonObject('{"a": 1}')).toEqual({ a: 1 });
    expect(() => jsonArray('{"a": 1}')).toThrow('{"a": 1} was not an array');
    expect(() => jsonObject('[1]')).toThrow('[1] was not an object');
    expect(() => jsonObject('null')).toThrow('null was not an object');
  });
});
