import { describe, expect, test } from 'vitest';
import { CommandContext } from '../command-context.js';
import { createLineLogger, defaultLook, formatRecord } from './log-lines.js';
import { createStyle } from './style.js';

const plain = defaultLook(createStyle(false));
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

  test.each([
    ['debug', '\u001b[34mcareful\u001b[0m'],
    ['info', '] careful\n'],
    ['warn', '\u001b[33mcareful\u001b[0m'],
    ['error', '\u001b[31mcareful\u001b[0m'],
    ['fatal', '\u001b[35mcareful\u001b[0m'],
  ] as const)('of level %s are coloured on a terminal, and nowhere else [WK-117]', (level, colored) => {
    const nothing = (): undefined => undefined;
    const io = {
      ...{ out: nothing, isOutTerminal: false, environment: {}, succeed: nothing },
      origin: 'started',
      detach: () => Promise.resolve(),
    } as const;
    const written = (isErrTerminal: boolean): string => {
      let text = '';
      const err = (line: string): void => {
        text += line;
      };
      new CommandContext({ color: true }, { ...io, err, isErrTerminal }).logger('debug')[level]('careful');
      return text;
    };
    expect(written(true)).toContain(colored);
    expect(written(false)).toMatch(/\] careful\n$/);
  });

  test('below the level are not written', () => {
    const lines: string[] = [];
    const logger = createLineLogger({
      level: 'warn',
      look: () => plain,
      write: (line) => lines.push(line),
      now: () => at,
    });
    logger.info('no');
    logger.child({ queue: 'q' }).warn('yes');
    expect(lines).toEqual(['[2026-11-21 12:00:00,123: WARNING/MainProcess] yes (queue=q)\n']);
  });
});
