import { describe, expect, it } from 'vitest';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { bindArguments } from './arguments.js';
import type { TaskDefinition } from './task-definition.js';

const definition = (given: Partial<TaskDefinition> = {}): TaskDefinition => ({
  name: 'shop.add',
  options: {},
  params: undefined,
  schema: undefined,
  run: () => undefined,
  ...given,
});

const orderSchema: StandardSchemaV1 = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value) => {
      const order = value as { id?: unknown };
      return typeof order.id === 'string'
        ? { value: { ...order, checked: true } }
        : { issues: [{ message: 'is required', path: ['id'] }] };
    },
  },
};

describe('arguments of a message', () => {
  it('are positions by default', () => {
    expect(bindArguments(definition(), [1, 2], {})).toEqual([1, 2]);
  });

  it('by name need declared parameters, and the error says how [TR-212]', () => {
    expect(() => bindArguments(definition(), [], { x: 1, y: 2 })).toThrow(
      /app\.task\('shop\.add', \{ params: \['x', 'y'\] \}, …\), or a schema/,
    );
  });

  it('by name are mapped to positions [TR-212]', () => {
    const named = definition({ params: ['x', 'y', 'z'] });
    expect(bindArguments(named, [1], { z: 3 })).toEqual([1, undefined, 3]);
    expect(bindArguments(named, [], { y: 2, x: 1, z: 3 })).toEqual([1, 2, 3]);
  });

  it("are refused in Python's words when they are unknown, double or too many [TR-212]", () => {
    const named = definition({ params: ['x', 'y'] });
    expect(() => bindArguments(named, [], { w: 1 })).toThrow(
      new TypeError("shop.add() got an unexpected keyword argument 'w'"),
    );
    expect(() => bindArguments(named, [1], { x: 1 })).toThrow(
      new TypeError("shop.add() got multiple values for argument 'x'"),
    );
    expect(() => bindArguments(named, [1, 2, 3], {})).toThrow(
      new TypeError('shop.add() takes 2 positional arguments but 3 were given'),
    );
  });

  it('are validated as one object where the task has a schema', () => {
    const order = definition({ schema: orderSchema });
    expect(bindArguments(order, [], { id: 'a' })).toEqual([{ id: 'a', checked: true }]);
    expect(() => bindArguments(order, [], {})).toThrow('id: is required');
    expect(() => bindArguments(order, ['a'], {})).toThrow('Declare their names beside the schema');
    expect(bindArguments(definition({ schema: orderSchema, params: ['id'] }), ['a'], {})).toEqual([
      { id: 'a', checked: true },
    ]);
  });

  it.each([definition(), definition({ params: ['x'] }), definition({ schema: orderSchema })])(
    'never reach a prototype',
    (task) => {
      const kwargs = JSON.parse('{"__proto__": {"admin": true}}') as Record<string, unknown>;
      expect(() => bindArguments(task, [], kwargs)).toThrow(TypeError);
      expect(({} as { admin?: boolean }).admin).toBeUndefined();
    },
  );
});
