import { describe, expect, test } from 'vitest';
import { createLineLogger, formatRecord } from './log-lines.js';
import { createStyle } from './style.js';

const plain = createStyle(false);
const at = new Date(2026, 10, 21, 12, 0, 0, 123);

describe('Log lines', () => {
  test('are those of Celery [WK-114]', () => {
    expect(formatRecord({ level: 'info', message: 'celery@box ready.', fields: {} }, plain, at)).toBe(
      '[2026-11-21 12:00:00,123: INFO/MainProcess] celery@box ready.\n',
    );
  });

  test("use Python's names of the levels", () => {
    const names = (['debug', 'info', 'warn', 'error', 'fatal'] as const).map(
      (level) => /: (\w+)\//.exec(formatRecord({ level, message: '', fields: {} }, plain, at))?.[1],
    );
    expect(names).toEqual(['DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL']);
  });

  test('of a task begin with its name and id [WK-115]', () => {
    const fields = { taskName: 'add', taskId: '7' };
    expect(formatRecord({ level: 'info', message: 'half way', fields }, plain, at)).toContain('] add[7]: half way\n');
  });

  test('show the error below, and what else is known unless the message says it', () => {
    const error = new Error('broken');
    const line = formatRecord(
      { level: 'error', message: 'No luck with celery', fields: { err: error, queue: 'celery', attempt: 3 } },
      plain,
      at,
    );
    expect(line).toMatch(/No luck with celery \(attempt=3\)\nError: broken\n {4}at /);
  });

  test('are coloured by level on a terminal [WK-117]', () => {
    expect(formatRecord({ level: 'warn', message: 'careful', fields: {} }, createStyle(true), at)).toContain(
      '\u001b[33mcareful\u001b[0m',
    );
  });

  test('below the level are not written', () => {
    const lines: string[] = [];
    const logger = createLineLogger({ level: 'warn', style: plain, write: (line) => lines.push(line), now: () => at });
    logger.info('no');
    logger.child({ queue: 'q' }).warn('yes');
    expect(lines).toEqual(['[2026-11-21 12:00:00,123: WARNING/MainProcess] yes (queue=q)\n']);
  });
});
