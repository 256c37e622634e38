import { describe, expect, test } from 'vitest';
import { logFormat, type LogLine } from './log-format.js';

const line: LogLine = {
  at: new Date(2026, 10, 21, 12, 0, 0, 7),
  level: 'warn',
  message: 'half way',
  taskName: 'add',
  taskId: '7',
};

describe('The format of log lines', () => {
  test.each([
    ['%(message)s', 'half way'],
    ['%(asctime)s %(msecs)03d', '2026-11-21 12:00:00,007 007'],
    ['[%(levelname)-8s|%(levelname)8s|%(levelname).4s|%(levelno)d]', '[WARNING | WARNING|WARN|30]'],
    ['%(task_name)s[%(task_id)s]: %(message)s', 'add[7]: half way'],
    ['%(created)d %(created).1f', `${Math.trunc(line.at.getTime() / 1_000)} ${(line.at.getTime() / 1_000).toFixed(1)}`],
    ['%(process)d/%(processName)s/%(threadName)s/%(name)s', `${process.pid}/MainProcess/MainThread/ctq`],
    ['100%% {"text": "%(message)s"}', '100% {"text": "half way"}'],
    ['', ''],
  ])('%s is that of Python [ST-196, ST-212, SD-453, SD-454]', (template, text) => {
    expect(logFormat('workerLogFormat', template)(line)).toBe(text);
  });

  test.each([
    ['%(mesage)s', "It has '%(mesage)', which a line does not have. Did you mean '%(message)s'?"],
    ['%(lineno)d', "It has '%(lineno)', which a line does not have."],
    ['100% %(message)s', "a '%' that begins no placeholder; a percent sign is '%%'."],
    ['%(message)', "a '%' that begins no placeholder"],
  ])('%s is an error that says what is known [ST-196]', (template, message) => {
    const compile = (): unknown => logFormat('workerLogFormat', template);
    expect(compile).toThrow(expect.objectContaining({ code: 'CTQ_BAD_LOG_FORMAT' }));
    expect(compile).toThrow(`workerLogFormat is '${template}'.`);
    expect(compile).toThrow(message);
    expect(compile).toThrow('Known are asctime, created, levelname');
  });
});
