import { describe, expect, test } from 'vitest';
import { createLogger, type Logger, type LogRecord, logLevels, silentLogger } from './logger.js';

function setup(): { logger: Logger; records: LogRecord[] } {
  const records: LogRecord[] = [];
  return { logger: createLogger((record) => records.push(record)), records };
}

describe('A logger', () => {
  test.each(logLevels)('writes a line of level %s', (level) => {
    const { logger, records } = setup();
    logger[level]('text');
    expect(records).toEqual([{ level, message: 'text', fields: {} }]);
  });

  test('writes fields before the text, as pino does', () => {
    const { logger, records } = setup();
    logger.info({ taskId: 'a' }, 'received');
    expect(records).toEqual([{ level: 'info', message: 'received', fields: { taskId: 'a' } }]);
  });

  test('takes an error in place of fields, as pino does', () => {
    const { logger, records } = setup();
    const error = new Error('x');
    logger.error(error, 'failed');
    expect(records[0]?.fields['err']).toBe(error);
  });

  test('gives its fields to its children, whose own come last', () => {
    const { logger, records } = setup();
    logger.child({ worker: 'w', queue: 'a' }).child({ queue: 'b' }).warn({ taskId: 't' }, 'text');
    expect(records[0]?.fields).toEqual({ worker: 'w', queue: 'b', taskId: 't' });
  });

  test('does not learn fields from its children', () => {
    const { logger, records } = setup();
    logger.child({ queue: 'a' });
    logger.info('text');
    expect(records[0]?.fields).toEqual({});
  });

  test('works with its methods taken off, as callbacks are', () => {
    const { logger, records } = setup();
    const { warn } = logger;
    warn('text');
    expect(records).toHaveLength(1);
  });
});

test('The silent logger and its children swallow everything', () => {
  expect(silentLogger.child({ a: 1 }).error({ b: 2 }, 'text')).toBeUndefined();
});
