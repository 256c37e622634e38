import { expectTypeOf, test } from 'vitest';
import type { Logger, LogMethod } from './logger.js';

/** The shape of pino's methods and children (pino 10.x, pino.d.ts, interface LogFn and Logger.child), without the package. */
type ParsedArguments<Text extends string> = Text extends `${string}%${string}` ? [unknown, ...unknown[]] : [];
interface PinoMethod {
  <Text extends string = string>(text: Text, ...args: ParsedArguments<Text>): void;
  <T, Text extends string = string>(
    fields: [T] extends [object] ? T & object : T,
    text?: T extends string ? never : Text,
    ...args: ParsedArguments<Text> | []
  ): void;
}
interface PinoLogger {
  trace: PinoMethod;
  debug: PinoMethod;
  info: PinoMethod;
  warn: PinoMethod;
  error: PinoMethod;
  fatal: PinoMethod;
  child<Levels extends string = never>(
    bindings: Record<string, unknown>,
    options?: { level?: Levels | string },
  ): PinoLogger;
}

test('a logger of pino is a logger without an adapter', () => {
  expectTypeOf<PinoMethod>().toExtend<LogMethod>();
  expectTypeOf<PinoLogger>().toExtend<Logger>();
});

test('fields come with a text', () => {
  expectTypeOf<LogMethod>().toBeCallableWith({ taskId: 'a' }, 'text');
  expectTypeOf<LogMethod>().toBeCallableWith('text');
  expectTypeOf<(fields: object) => void>().not.toExtend<(first: string, second: string) => void>();
});
