import { expectTypeOf, test } from 'vitest';
import { type Duration, durationMs } from './duration.js';

test('a duration is a number of seconds or a number with a unit', () => {
  expectTypeOf<10>().toExtend<Duration>();
  expectTypeOf<0.5>().toExtend<Duration>();
  expectTypeOf<'250ms'>().toExtend<Duration>();
  expectTypeOf<'1.5h'>().toExtend<Duration>();
  expectTypeOf<'-5s'>().toExtend<Duration>();
  expectTypeOf<'1d'>().toExtend<Duration>();
});

test('a unit that is missing, unknown or written out is not a duration', () => {
  expectTypeOf<'10'>().not.toExtend<Duration>();
  expectTypeOf<'10w'>().not.toExtend<Duration>();
  expectTypeOf<'10 seconds'>().not.toExtend<Duration>();
  expectTypeOf<'s'>().not.toExtend<Duration>();
  expectTypeOf<string>().not.toExtend<Duration>();
  expectTypeOf<Date>().not.toExtend<Duration>();
  expectTypeOf<bigint>().not.toExtend<Duration>();
});

test('text from outside, a URL or a file, may be tried', () => {
  expectTypeOf<string>().toExtend<Parameters<typeof durationMs>[0]>();
  expectTypeOf(durationMs).returns.toEqualTypeOf<number>();
});
