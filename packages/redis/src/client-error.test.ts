import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { clientError } from './client-error.js';

const withCommand = (message: string): Error =>
  Object.assign(new Error(message), { command: { name: 'auth', args: ['secret'] } });

describe('an error of the client', () => {
  test.each([
    ['of one command', withCommand('WRONGPASS')],
    ['of a transaction', Object.assign(withCommand('EXECABORT'), { previousErrors: [withCommand('OOM')] })],
    ['of several servers', new AggregateError([withCommand('WRONGPASS'), new Error('x', { cause: withCommand('y') })])],
  ])('%s shows no arguments', (_, error) => {
    expect(inspect(error, { depth: 10 })).toContain('secret');
    const shown = clientError(error);
    expect(shown).toBe(error);
    expect(inspect(shown, { depth: 10, showHidden: true })).not.toContain('secret');
  });

  test('may hold another one that holds it', () => {
    const [first, second] = [withCommand('EXECABORT'), withCommand('OOM')];
    Object.assign(first, { previousErrors: [second, first] });
    Object.assign(second, { cause: first });
    expect(inspect(clientError(first), { depth: 10 })).not.toContain('secret');
  });

  test('may be something else', () => {
    expect(clientError('broken').message).toContain('broken');
  });
});
