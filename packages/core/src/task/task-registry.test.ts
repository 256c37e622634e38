import { describe, expect, test } from 'vitest';
import { Ctq } from '../app/ctq.js';
import { TaskNotRegisteredError } from '../errors/task-errors.js';

describe('the registry of an app', () => {
  test('has its tasks by their names, and says which one is missing [TR-008]', () => {
    const app = new Ctq('shop');
    app.task('pack', () => 'packed');
    app.task('bill', { maxRetries: 5 }, () => 'billed');
    const { registry } = app.kernel;
    expect(registry.names).toEqual(['bill', 'pack']);
    expect([...registry].map(({ name }) => name)).toEqual(['pack', 'bill']);
    expect(registry.get('bill').options.maxRetries).toBe(5);
    expect(() => registry.get('ship')).toThrow(TaskNotRegisteredError);
    expect(() => registry.get('ship')).toThrow("'ship'");
  });
});
