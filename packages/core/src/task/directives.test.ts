import { CtqError } from '@ctq/runtime';
import { describe, expect, test } from 'vitest';
import { MaxRetriesExceededError, TaskError } from '../errors/task-errors.js';
import { Ignore, Reject, Retry, TaskDirective } from './directives.js';

describe('directives', () => {
  test.each([new Retry({}), new Ignore(), new Reject()])(
    'have a base of their own, apart from that of errors: $name [TR-146]',
    (directive) => {
      expect(directive).toBeInstanceOf(TaskDirective);
      expect(TaskDirective.isInstance(directive)).toBe(true);
      expect(CtqError.isInstance(directive)).toBe(false);
    },
  );

  test('are not what errors of tasks are [TR-146]', () => {
    const error = new MaxRetriesExceededError('add', 'id');
    expect(TaskDirective.isInstance(error)).toBe(false);
    expect(TaskError.isInstance(error)).toBe(true);
    expect(CtqError.isInstance(error)).toBe(true);
  });
});
