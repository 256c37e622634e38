import { runInNewContext } from 'node:vm';
import { inspect } from 'node:util';
import { describe, expect, test, vi } from 'vitest';
import * as firstCopy from './ctq-error.js';

const { ConfigurationError, CtqError } = firstCopy;

class BrokerError extends CtqError {
  static override readonly family: string = 'BrokerError';
  readonly recoverable = true;
}
class BrokerGoneError extends BrokerError {
  static override readonly family: string = 'BrokerGoneError';
}
/** As a user would write it, without a family. */
class ShopError extends CtqError {}

async function secondCopy(): Promise<typeof firstCopy> {
  vi.resetModules();
  return import('./ctq-error.js');
}

describe('An error of ctq', () => {
  test('carries code, message, cause and details', () => {
    const cause = new Error('ECONNREFUSED');
    const error = new ConfigurationError('CTQ_BROKER_URL', 'Give a broker URL.', {
      cause,
      details: { setting: 'broker' },
    });
    expect(error).toMatchObject({
      code: 'CTQ_BROKER_URL',
      message: 'Give a broker URL.',
      cause,
      details: { setting: 'broker' },
    });
  });

  test('has no cause when none was given', () => {
    expect('cause' in new CtqError('CTQ_X', 'x')).toBe(false);
  });

  test('shows its family as its name, in the stack too', () => {
    const error = new BrokerGoneError('CTQ_BROKER_GONE', 'The broker is gone.');
    expect(error.name).toBe('BrokerGoneError');
    expect(error.stack).toMatch(/^BrokerGoneError: The broker is gone\./);
    expect(inspect(error)).toMatch(/^BrokerGoneError: The broker is gone\./);
  });

  test('does not show its marks when it is printed or copied', () => {
    const error = new BrokerGoneError('CTQ_BROKER_GONE', 'x');
    expect(inspect(error)).not.toContain('Symbol');
    expect(Object.getOwnPropertySymbols(Object.assign({}, error))).toEqual([]);
  });
});

describe('isInstance', () => {
  test('recognises the class itself and its subclasses, but not its parents and siblings', () => {
    const error = new BrokerError('CTQ_BROKER', 'x');
    expect(CtqError.isInstance(error)).toBe(true);
    expect(BrokerError.isInstance(error)).toBe(true);
    expect(BrokerGoneError.isInstance(error)).toBe(false);
    expect(ConfigurationError.isInstance(error)).toBe(false);
  });

  test.each([undefined, null, 'CtqError', 7, {}, new Error('x'), { code: 'CTQ_X' }])('is false for %o', (value) => {
    expect(CtqError.isInstance(value)).toBe(false);
  });

  test('recognises errors that another copy of the package made', async () => {
    const other = await secondCopy();
    const error = new other.ConfigurationError('CTQ_X', 'x');
    expect(error).not.toBeInstanceOf(ConfigurationError);
    expect(ConfigurationError.isInstance(error)).toBe(true);
    expect(CtqError.isInstance(error)).toBe(true);
    expect(BrokerError.isInstance(error)).toBe(false);
    expect(other.CtqError.isInstance(new BrokerGoneError('CTQ_X', 'x'))).toBe(true);
  });

  test('recognises errors where Error itself is another one, as in jest', () => {
    const error: unknown = runInNewContext(
      'Object.assign(new Error("x"), { [Symbol.for("ctq.error.CtqError")]: true })',
    );
    expect(error).not.toBeInstanceOf(Error);
    expect(CtqError.isInstance(error)).toBe(true);
  });

  test('of a subclass without a family of its own does not take its parent for it', () => {
    expect(ShopError.isInstance(new CtqError('CTQ_X', 'x'))).toBe(false);
    expect(ShopError.isInstance(new ShopError('SHOP_CLOSED', 'x'))).toBe(true);
    expect(CtqError.isInstance(new ShopError('SHOP_CLOSED', 'x'))).toBe(true);
    expect(new ShopError('SHOP_CLOSED', 'x').name).toBe('ShopError');
  });
});
