import { describe, expect, test } from 'vitest';
import { onlineText, repliesObject, replyText } from './remote-replies.js';
import { createStyle } from './style.js';

const look = { style: createStyle(false), isQuiet: false, hasBody: true };
const textOf = (value: unknown): string => replyText({ node: 'w1@host', value }, look);

describe('A reply on a terminal', () => {
  test.each([
    [{ ok: 'pong' }, 'OK\n        pong'],
    [{ ok: 'two\n\nlines' }, 'OK\n        two\n\n        lines'],
    [{ error: 'unknown task' }, 'ERROR\n        unknown task'],
    [{ ok: [] }, 'OK\n        - empty -'],
    [[], 'OK\n    - empty -'],
    [['a', { b: 1 }], 'OK\n    * a\n    * {"b":1}'],
    [
      { b: { d: 1, c: 2 }, a: [1] },
      'OK\n    {\n        "a": [\n            1\n        ],\n        "b": {\n            "c": 2,\n            "d": 1\n        }\n    }',
    ],
    ['72.09MB', 'OK\n    72.09MB'],
    [null, 'OK\n    null'],
    ['', 'OK'],
  ])('%j', (value, expected) => {
    expect(textOf(value)).toBe(`->  w1@host: ${expected}`);
  });

  test('ends with how many there are', () => {
    expect(onlineText(1)).toBe('\n1 node online.');
    expect(onlineText(2)).toBe('\n2 nodes online.');
  });

  test('counts once in JSON for each node', () => {
    const replies = [1n, 2].map((value) => ({ node: 'w1@host', value }));
    expect(repliesObject(replies)).toBe('{"w1@host":2}');
  });
});
