import { describe, expect, test } from 'vitest';
import { positionalArguments } from './described-commands.js';

describe('What a command line gives a command', () => {
  test('goes to its arguments one after the other, in their types [CL-091]', () => {
    const command = { args: { name: 'text', soft: 'number', isOn: 'boolean' } } as const;
    expect(positionalArguments(command, ['add', '1.5', 'off'])).toEqual({ name: 'add', soft: 1.5, isOn: false });
    expect(positionalArguments(command, ['add'])).toEqual({ name: 'add' });
    expect(positionalArguments(command, ['add', '1', 'on', 'more'])).toBeUndefined();
    expect(() => positionalArguments(command, ['add', 'soon'])).toThrow('soft is "soon" and has to be: number');
    expect(positionalArguments({}, [])).toEqual({});
    expect(positionalArguments({}, ['x'])).toBeUndefined();
  });

  test('goes to the variadic one as far as it is left, be it named among the others or not [CL-086, CL-087]', () => {
    const named = { args: { signal: 'text', ids: 'any' }, variadic: 'ids' } as const;
    const unnamed = { args: { signal: 'text' }, variadic: 'ids' } as const;
    for (const command of [named, unnamed]) {
      expect(positionalArguments(command, ['KILL', 'a', 'b'])).toEqual({ signal: 'KILL', ids: ['a', 'b'] });
      expect(positionalArguments(command, [])).toEqual({ ids: [] });
    }
  });
});
