import { expect, test } from 'vitest';
import { Comparison } from './comparison.js';
import { stepOf } from './steps.js';

test('A step that only one side takes is unexpected, unless it is in that side of the table', () => {
  const comparison = new Comparison([{ celery: ['BRPOP *'], ctq: ['RPOP * <n>'], why: 'many at once' }]);
  expect(comparison.unexpected(['LPUSH q <envelope>', 'BRPOP q 1'], ['LPUSH q <envelope>', 'RPOP q <n>'])).toEqual([]);
  expect(comparison.unexpected(['RPOP q <n>', 'DEL q'], ['BRPOP q 1'])).toEqual([
    '- RPOP q <n>',
    '- DEL q',
    '+ BRPOP q 1',
  ]);
});

test('A line of the table that nothing needed is told', () => {
  const comparison = new Comparison([{ celery: ['A *', 'B'], ctq: ['C.'], why: '' }]);
  comparison.unexpected(['A 1'], ['Cx']);
  expect(comparison.unneeded).toEqual(['B', 'C.']);
});

test.each([
  [
    ['ZADD', 'unacked_index', '1795229142.68', 'ed80971b-9f32-4be8-8202-dada926fe17b'],
    'ZADD unacked_index <time> <id>',
  ],
  [
    [
      'ZADD',
      'k',
      '1795229142.6',
      'ed80971b-9f32-4be8-8202-dada926fe17b.1',
      '1795229142.7',
      'ed80971b-9f32-4be8-8202-dada926fe17b.2',
    ],
    'ZADD k <time> <id>',
  ],
  [['rpop', 'celery\x06\x163', '17'], 'RPOP celery\\x06\\x163 <n>'],
  [['PUBLISH', '/8.celery.pidbox', '{"body": "e30="}'], 'PUBLISH /<db>.celery.pidbox <envelope>'],
  [['MULTI'], undefined],
] as const)('%j is compared as %s', ([name, ...args], expected) => {
  expect(stepOf(name, args)).toBe(expected);
});
