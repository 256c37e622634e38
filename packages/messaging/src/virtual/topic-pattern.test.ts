import { describe, expect, test } from 'vitest';
import { topicPattern } from './topic-pattern.js';

const table: readonly (readonly [bindingKey: string, matches: readonly string[], others: readonly string[]])[] = [
  ['task.a', ['task.a'], ['task', 'task.ab', 'xtask.a', 'task.a.b', 'taskqa']],
  ['task.*', ['task.a', 'task.long-word'], ['task', 'task.', 'task.a.b']],
  ['*.b', ['a.b'], ['b', '.b', 'a.a.b']],
  ['a.#', ['a.', 'a.b', 'a.b.c'], ['a', 'ab']],
  ['#.b', ['a.b', 'a.a.b', '.b'], ['b', 'ab']],
  ['a.#.z', ['a.b.z', 'a.b.c.z', 'a..z'], ['a.z']],
  ['#', ['', 'a', 'a.b.c', 'a\nb'], []],
  ['', [''], ['a']],
  ['a+(b)[c].*', ['a+(b)[c].d'], ['aab.d']],
  ['a#.b*', ['a#.b*'], ['ax.bx']],
];

describe('topic pattern', () => {
  for (const [bindingKey, matches, others] of table) {
    test(`'${bindingKey}' is words joined by dots, anchored, with * for one word and # for any characters [MS-076] [MS-077]`, () => {
      const pattern = topicPattern(bindingKey);
      for (const routingKey of matches) expect([routingKey, pattern.test(routingKey)]).toEqual([routingKey, true]);
      for (const routingKey of others) expect([routingKey, pattern.test(routingKey)]).toEqual([routingKey, false]);
    });
  }
});
