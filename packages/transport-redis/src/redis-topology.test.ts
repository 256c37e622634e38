import { expect, test } from 'vitest';
import { topicPattern } from './redis-topology.js';

test.each([
  ['feed.#', '^feed\\..*?$'],
  ['worker.*', '^worker\\..*?[^\\.]$'],
  ['#', '^.*?$'],
  ['a-b.c+d', '^a\\-b\\.c\\+d$'],
])("a topic binding '%s' is %s to Kombu", (routingKey, pattern) => {
  expect(topicPattern(routingKey)).toBe(pattern);
});
