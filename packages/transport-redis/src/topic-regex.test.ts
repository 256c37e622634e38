import { expect, test } from 'vitest';
import { topicRegex } from './topic-regex.js';

test.each([
  ['feed.#', '^feed\\..*?$'],
  ['worker.*', '^worker\\..*?[^\\.]$'],
  ['#', '^.*?$'],
  ['a-b.c+d', '^a\\-b\\.c\\+d$'],
])("a topic binding '%s' is %s to Kombu", (routingKey, pattern) => {
  expect(topicRegex(routingKey)).toBe(pattern);
});
