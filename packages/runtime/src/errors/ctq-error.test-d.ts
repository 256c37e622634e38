import { expectTypeOf, test } from 'vitest';
import { ConfigurationError, CtqError } from './ctq-error.js';

class BrokerError extends CtqError {
  static override readonly family: string = 'BrokerError';
  readonly recoverable: boolean;
  constructor(message: string, recoverable: boolean) {
    super('CTQ_BROKER', message);
    this.recoverable = recoverable;
  }
}

test('isInstance narrows unknown to the class on which it is called', () => {
  const caught: unknown = undefined;
  if (CtqError.isInstance(caught)) {
    expectTypeOf(caught).toEqualTypeOf<CtqError>();
    expectTypeOf(caught.code).toEqualTypeOf<string>();
  }
  if (BrokerError.isInstance(caught)) {
    expectTypeOf(caught).toEqualTypeOf<BrokerError>();
    expectTypeOf(caught.recoverable).toEqualTypeOf<boolean>();
  }
  if (ConfigurationError.isInstance(caught)) expectTypeOf(caught).toExtend<CtqError>();
});

test('isInstance leaves unknown as it is when it says no', () => {
  const caught: unknown = undefined;
  if (!BrokerError.isInstance(caught)) expectTypeOf(caught).toBeUnknown();
});

test('isInstance narrows a parent to a child', () => {
  const error = new CtqError('CTQ_X', 'x');
  if (BrokerError.isInstance(error)) expectTypeOf(error).toEqualTypeOf<BrokerError>();
});
