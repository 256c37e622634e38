import { CtqError, toError } from '@ctq/runtime';
import { RemoteError } from '../errors/remote-error.js';
import { saferepr } from '../protocol/args-repr.js';
import { Reject, Retry, TaskDirective } from '../task/directives.js';
import { ErrorClasses, plainProperties } from './error-classes.js';
import { decodeError, deepestCause, isStoredError, mostErrors } from './error-document.js';
import { errorNamed, nameOfError } from './error-names.js';
import type { NestedError, OwnError, StoredError } from './result-record.js';

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

type MakeError = (message: string, errors: readonly Error[], name: string | undefined) => Error;

/** JavaScript's own classes, which ctq's workers name beside Python's. */
const ownBuiltins: ReadonlyMap<string, MakeError> = new Map<string, MakeError>([
  ['Error', (message) => new Error(message)],
  ['TypeError', (message) => new TypeError(message)],
  ['RangeError', (message) => new RangeError(message)],
  ['SyntaxError', (message) => new SyntaxError(message)],
  ['ReferenceError', (message) => new ReferenceError(message)],
  ['URIError', (message) => new URIError(message)],
  ['EvalError', (message) => new EvalError(message)],
  ['AggregateError', (message, errors) => new AggregateError(errors, message)],
  ['DOMException', (message, _errors, name) => new DOMException(message, name)],
]);

/**
 * Those of Python that mean the same, for errors that Python raised. A `ValueError` is not here: it is Python's own, and its type must not be lost.
 */
const pythonBuiltins: ReadonlyMap<string, MakeError> = new Map<string, MakeError>([
  ['Exception', (message) => new Error(message)],
  ['TypeError', (message) => new TypeError(message)],
  ['SyntaxError', (message) => new SyntaxError(message)],
]);

const noClasses = new ErrorClasses();

/**
 * An error as results hold it (celery 5.6 backends/base.py, prepare_exception), and beside it what lets a ctq client have it back: its class, its
 * cause, its members.
 */
export function storedError(error: Error, classes: ErrorClasses = noClasses): StoredError {
  return storeNext(error, { classes, seen: new Set() }, deepestCause);
}

/** Each error is stored once: errors may hold each other. */
interface Walk {
  readonly classes: ErrorClasses;
  readonly seen: Set<unknown>;
}

function storeNext(error: Error, walk: Walk, depth: number): StoredError {
  walk.seen.add(error);
  const stored = asPythonHasIt(error);
  const own = ownPart(error, walk, depth);
  return own === undefined ? stored : { ...stored, own };
}

function asPythonHasIt(error: Error): StoredError {
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

/** Nothing where Python's members say it all: ctq's own errors without a cause, directives, what came from Python. */
function ownPart(error: Error, walk: Walk, depth: number): OwnError | undefined {
  const listed = walk.classes.nameOf(error);
  const remote = RemoteError.isInstance(error) ? error : undefined;
  const row = CtqError.isInstance(error) ? nameOfError(error) : undefined;
  const beside = row?.beside?.(error as CtqError);
  const { cause, errors } = inner(error, walk, depth);
  const isPlain = listed === undefined && beside === undefined && cause === undefined && errors === undefined;
  if (isPlain && remote?.excModule !== ownModule) {
    if (CtqError.isInstance(error) || TaskDirective.isInstance(error)) return undefined;
  }
  // What came over the wire is passed on as what it was.
  const className = listed ?? remote?.excType ?? row?.family ?? constructorName(error);
  const properties = {
    ...(listed === undefined ? (remote?.properties ?? beside) : plainProperties(error)),
    ...nameAndCode(error, className, listed !== undefined),
  };
  return {
    className,
    ...(Object.keys(properties).length === 0 ? {} : { properties }),
    ...(cause === undefined ? {} : { cause }),
    ...(errors === undefined ? {} : { errors }),
  };
}

function inner(error: Error, walk: Walk, depth: number): Pick<OwnError, 'cause' | 'errors'> {
  if (depth === 0) return {};
  const nested = (value: unknown): NestedError => {
    const one = toError(value);
    walk.seen.add(value);
    const traceback = RemoteError.isInstance(one) ? one.traceback : (one.stack ?? null);
    return { ...storeNext(one, walk, depth - 1), traceback };
  };
  const { cause } = error;
  const errors: unknown = 'errors' in error ? error.errors : undefined;
  return {
    ...(cause === undefined || cause === null || walk.seen.has(cause) ? {} : { cause: nested(cause) }),
    ...(error instanceof AggregateError && Array.isArray(errors) ? { errors: nestedErrors(errors, walk, nested) } : {}),
  };
}

function nestedErrors(
  errors: readonly unknown[],
  { seen }: Walk,
  nested: (value: unknown) => NestedError,
): readonly NestedError[] {
  const stored: NestedError[] = [];
  for (const one of errors) {
    if (stored.length === mostErrors) break;
    if (!seen.has(one)) stored.push(nested(one));
  }
  return stored;
}

/**
 * Of an error whose class is not listed nothing else is kept: errors of HTTP clients and drivers hold requests with credentials.
 */
function nameAndCode(error: Error, className: string, isListed: boolean): Readonly<Record<string, unknown>> {
  const name: unknown = error.name;
  const code: unknown = 'code' in error && !CtqError.isInstance(error) ? error.code : undefined;
  return {
    ...((isListed && Object.hasOwn(error, 'name')) || (isGivenName(name, className) && !CtqError.isInstance(error))
      ? { name }
      : {}),
    // A DOMException's is a number that follows from its name.
    ...((typeof code === 'string' || typeof code === 'number') && className !== 'DOMException' ? { code } : {}),
  };
}

/** A name that the author gave: neither that of the class nor the one that every error inherits. */
function isGivenName(name: unknown, className: string): boolean {
  return typeof name === 'string' && name !== className && name !== '' && !Object.hasOwn(builtinNames, name);
}

/** How errors of results are made again. */
export interface RebuildOptions {
  readonly classes?: ErrorClasses;
  /** The setting `taskRemoteTracebacks`: the remote traceback is the `stack` of errors that were not thrown by ctq too. */
  readonly remoteTracebacks?: boolean;
}

/**
 * The error of a result, to be thrown: ctq's own, JavaScript's own and those of the app's list by their class, everything else as `RemoteError`.
 * A class comes from a fixed table or from the app's list. `stack` is the remote one where the error was thrown by ctq; what Python raised is under
 * `cause` with its traceback.
 */
export function rebuildError(
  result: unknown,
  traceback: string | null,
  taskId: string,
  options: RebuildOptions = {},
): Error {
  const decoded = isStoredError(result) ? result : decodeError(result);
  const stored = isStoredError(decoded) ? decoded : unreadable(result);
  const { classes = noClasses, remoteTracebacks = false } = options;
  return rebuild(stored, traceback, { details: { taskId }, classes, remoteTracebacks });
}

interface Rebuilding extends Required<RebuildOptions> {
  readonly details: Readonly<Record<string, unknown>>;
}

function rebuild(stored: StoredError, traceback: string | null, how: Rebuilding): Error {
  const { excType, excMessage, excModule, own } = stored;
  const message = pythonMessage(stored);
  const cause = own?.cause === undefined ? undefined : rebuild(own.cause, own.cause.traceback, how);
  const remote = (): RemoteError =>
    new RemoteError(message, {
      ...{ excType, excMessage, excModule, traceback, details: how.details },
      ...(cause === undefined ? {} : { cause }),
      ...(own?.properties === undefined ? {} : { properties: own.properties }),
    });
  const known = own === undefined ? pythonError(stored, message) : ownError(stored, own, message, how);
  const error = known ?? remote();
  // A class that is known here says less than Python did; who needs the rest finds it underneath.
  const under = own === undefined && traceback !== null ? remote() : cause;
  if (known !== undefined && under !== undefined) hidden(error, 'cause', under);
  const isOwnStack = known !== undefined && own !== undefined;
  return traceback !== null && (isOwnStack || how.remoteTracebacks) ? hidden(error, 'stack', traceback) : error;
}

/** What a ctq worker stored. */
function ownError(stored: StoredError, own: OwnError, message: string, how: Rebuilding): Error | undefined {
  const { className, properties = {} } = own;
  const listed = how.classes.restore(className, { message, properties });
  if (listed !== undefined) return listed;
  const row = errorNamed(stored.excModule, stored.excType, className);
  if (row !== undefined) return row.rebuild(stored.excMessage, message, properties);
  const { name } = properties;
  const given = typeof name === 'string' ? name : undefined;
  // A name of its own is how programs tell such an error from others: it is the remote error's.
  if (given !== undefined && className !== 'DOMException') return undefined;
  const errors = (own.errors ?? []).map((one) => rebuild(one, one.traceback, how));
  const error = ownBuiltins.get(className)?.(message, errors, given);
  const { code } = properties;
  if (error !== undefined && (typeof code === 'string' || typeof code === 'number') && !('code' in error))
    Object.defineProperty(error, 'code', { value: code, enumerable: true, configurable: true, writable: true });
  return error;
}

/** What somebody else stored. */
function pythonError({ excType, excMessage, excModule }: StoredError, message: string): Error | undefined {
  const row = errorNamed(excModule, excType);
  if (row !== undefined) return row.rebuild(excMessage, message, {});
  return excModule === 'builtins' ? pythonBuiltins.get(excType)?.(message, [], undefined) : undefined;
}

/** As errors have such members by themselves: not among those that are shown and compared. */
function hidden(error: Error, key: 'cause' | 'stack', value: unknown): Error {
  return Object.defineProperty(error, key, { value, enumerable: false, configurable: true, writable: true });
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
  const className = constructorName(error);
  const given = typeof name === 'string' && name !== '' ? name : 'Error';
  return Object.hasOwn(builtinNames, given) && className !== '' ? className : given;
}

function constructorName(error: Error): string {
  const className: unknown = error.constructor?.name;
  return typeof className === 'string' && className !== '' ? className : 'Error';
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
