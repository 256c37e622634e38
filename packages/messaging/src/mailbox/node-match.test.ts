import { describe, expect, test } from 'vitest';
import { matchesNode, nodeMatchers } from './node-match.js';

describe('A pattern of names of nodes', () => {
  test.each([
    ['w1@host', 'w*', 'glob', true],
    ['w1@host', 'w?@host', 'glob', true],
    ['w1@host', 'w', 'glob', false],
    ['w1@host', 'w[!1]@*', 'glob', false],
    ['w1@host', '*@other', 'glob', false],
    ['w1@host', 'w1', 'pcre', true],
    ['w1@host', '^w\\d+@', 'pcre', true],
    ['w1@host', '@host', 'pcre', false],
  ])('%s against %s as %s: %s [RC-095, MS-217]', (name, pattern, matcher, expected) => {
    expect(matchesNode(name, pattern, matcher)).toBe(expected);
  });

  test('is read by matchers of the program as well; one that nobody knows is an error [RC-095, MS-217]', () => {
    const matchers = { ...nodeMatchers, host: (name: string, pattern: string) => name.endsWith(`@${pattern}`) };
    expect(matchesNode('w1@host', 'host', 'host', matchers)).toBe(true);
    expect(() => matchesNode('w1@host', 'host', 'host')).toThrow("There is no matcher 'host', but glob, pcre.");
    expect(() => matchesNode('w1@host', 'host', 'constructor')).toThrow(TypeError);
  });

  test('that cannot be read, or would take for ever, is an error', () => {
    expect(() => matchesNode('w1@host', '(', 'pcre')).toThrow(/regular expression/i);
    expect(() => matchesNode(`${'a'.repeat(60)}!`, '(a+)+$', 'pcre')).toThrow(/timed out/);
  });
});
