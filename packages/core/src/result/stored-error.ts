import { CtqError } from '@ctq/runtime';
import { RemoteError, type RemoteErrorOptions } from '../errors/remote-error.js';
import { saferepr } from '../protocol/args-repr.js';
import { Reject, Retry, TaskDirective } from '../task/directives.js';
import { errorNamed, nameOfError } from './error-names.js';
import type { StoredError } from './result-record.js';

/**
 * Module of errors that only JavaScript has. Python looks a class up among its imported modules, of which this must never be one, and makes up a
 * class of the name when it finds none (celery 5.6 backends/base.py, exception_to_python).
 */
const ownModule = 'ctq.errors';

/** JavaScript's errors by Python's builtins. */
const builtinNames: Readonly<Record<string, string>> = {
  Error: 'Exception',
  TypeError: 'TypeError',
  RangeError: 'ValueError',
  SyntaxError: 'SyntaxError',
  ReferenceError: 'NameError',
  URIError: 'ValueError',
  EvalError: 'RuntimeError',
};

/**
 * Those that mean the same in both languages, back. A `ValueError` is not here: nearly always it is Python's own, and its type must not be lost.
 */
const builtinClasses: Readonly<Record<string, new (message: string, options?: ErrorOptions) => Error>> = {
  Exception: Error,
  TypeError,
  SyntaxError,
};

/** An error as results hold it (celery 5.6 backends/base.py, prepare_exception). */
export function storedError(error: Error): StoredError {
  if (RemoteError.isInstance(error)) {
    return { excType: error.excType, excMessage: error.excMessage, excModule: error.excModule };
  }
  if (CtqError.isInstance(error)) {
    const row = nameOfError(error);
    if (row !== undefined) return { excType: row.excType, excMessage: row.excMessage(error), excModule: row.excModule };
  }
  if (TaskDirective.isInstance(error)) return storedDirective(error);
  const excType = classNameOf(error);
  const builtin = Object.hasOwn(builtinNames, excType) ? builtinNames[excType] : undefined;
  return {
    excType: builtin ?? excType,
    excMessage: [messageOf(error)],
    excModule: builtin === undefined ? ownModule : 'builtins',
  };
}

/**
 * The error of a result, to be thrown: ctq's own and those that both languages have by their class, everything else as `RemoteError`. The class comes
 * from a fixed table; the remote traceback is in `traceback` of the error, or of its `cause`.
 */
export function rebuildError(result: unknown, traceback: string | null, taskId: string): Error {
  const stored = isStoredError(result) ? result : unreadable(result);
  const { excType, excMessage, excModule } = stored;
  const message = pythonMessage(stored);
  const options: RemoteErrorOptions = { excType, excMessage, excModule, traceback, details: { taskId } };
  const error = knownError(stored, message);
  if (error === undefined) return new RemoteError(message, options);
  // The class here says less than Python did; who needs the rest finds it underneath.
  if (traceback !== null)
    Object.defineProperty(error, 'cause', { value: new RemoteError(message, options), enumerable: false });
  return error;
}

export function isStoredError(value: unknown): value is StoredError {
  return (
    typeof value === 'object' &&
    value !== null &&
    'excType' in value &&
    typeof value.excType === 'string' &&
    'excMessage' in value &&
    Array.isArray(value.excMessage)
  );
}

function knownError({ excType, excMessage, excModule }: StoredError, message: string): Error | undefined {
  const row = errorNamed(excModule, excType);
  if (row !== undefined) return row.rebuild(excMessage, message);
  if (excModule !== 'builtins' || !Object.hasOwn(builtinClasses, excType)) return undefined;
  const builtin = builtinClasses[excType];
  return builtin === undefined ? undefined : new builtin(message);
}

function storedDirective(directive: Retry | Reject | TaskDirective): StoredError {
  const excMessage =
    directive instanceof Reject
      ? [directive.message, directive.requeue]
      : directive instanceof Retry
        ? [directive.message, null, null]
        : [directive.message];
  return { excType: directive.name, excMessage, excModule: 'celery.exceptions' };
}

/** What the author calls it: the name that was given to the error, else that of its class. */
function classNameOf(error: Error): string {
  const name: unknown = error.name;
  const className: unknown = error.constructor?.name;
  const given = typeof name === 'string' && name !== '' ? name : 'Error';
  return Object.hasOwn(builtinNames, given) && typeof className === 'string' && className !== '' ? className : given;
}

function messageOf(error: Error): string {
  return typeof error.message === 'string' ? error.message : saferepr(error.message);
}

/** Python's `str(exception)`. */
function pythonMessage({ excType, excMessage, excModule }: StoredError): string {
  const [first, second, third] = excMessage;
  if (excMessage.length === 0) return '';
  if (excModule === 'builtins' && typeof first === 'number' && typeof second === 'string') {
    // OSError and its kind: errno, text, file.
    return `[Errno ${first}] ${second}${third === undefined || third === null ? '' : `: ${saferepr(third)}`}`;
  }
  if (excMessage.length > 1) return `(${excMessage.map((item) => saferepr(item)).join(', ')})`;
  const isKeyError = excModule === 'builtins' && excType === 'KeyError';
  return typeof first === 'string' && !isKeyError ? first : saferepr(first);
}

function unreadable(result: unknown): StoredError {
  return {
    excType: 'Exception',
    excMessage: [`The task failed with an error that cannot be read: ${saferepr(result)}`],
    excModule: null,
  };
}
