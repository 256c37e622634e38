import { CtqError } from '@ctq/runtime';

/** Whether it is worth trying again: errors of brokers and stores say so themselves; a driver's own error may be anything, and is tried again; a mistake stays one. */
export function mayRecover(error: Error): boolean {
  if ('recoverable' in error) return error.recoverable === true;
  return !CtqError.isInstance(error) && !(error instanceof TypeError) && !(error instanceof RangeError);
}
