import { toError } from '@ctq/runtime';

/**
 * What the client threw, without the command that it hangs on errors of the server (ioredis, DataHandler.returnError): of AUTH that is the password,
 * of others what tasks were called with, and errors are logged.
 */
export function clientError(thrown: unknown): Error {
  const error = toError(thrown);
  for (const one of [error, ...errorsWithin(error)]) Reflect.deleteProperty(one, 'command');
  return error;
}

/** Of a transaction that was not executed, and of several servers of which none answered. */
function errorsWithin(error: Error): readonly Error[] {
  const { previousErrors } = error as { previousErrors?: unknown };
  const several: unknown = error instanceof AggregateError ? error.errors : undefined;
  const within = [...listed(previousErrors), ...listed(several), error.cause];
  return within.flatMap((one) => (one instanceof Error ? [one, ...errorsWithin(one)] : []));
}

function listed(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
