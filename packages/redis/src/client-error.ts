import { toError } from '@ctq/runtime';

/**
 * What the client threw, without the command that it hangs on errors of the server (ioredis, DataHandler.returnError): of AUTH that is the password,
 * of others what tasks were called with, and errors are logged.
 */
export function clientError(thrown: unknown): Error {
  const error = toError(thrown);
  // A set, because errors may hold each other; what is added while it is gone through is visited too.
  const errors = new Set([error]);
  for (const one of errors) {
    Reflect.deleteProperty(one, 'command');
    for (const inner of errorsWithin(one)) errors.add(inner);
  }
  return error;
}

/** Of a transaction that was not executed, and of several servers of which none answered. */
function errorsWithin(error: Error): readonly Error[] {
  const { previousErrors } = error as { previousErrors?: unknown };
  const several: unknown = error instanceof AggregateError ? error.errors : undefined;
  return [...listed(previousErrors), ...listed(several), error.cause].filter((one) => one instanceof Error);
}

function listed(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
