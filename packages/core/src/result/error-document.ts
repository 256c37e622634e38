import { isMapping, type Mapping } from '../protocol/task-fields.js';
import type { NestedError, OwnError, StoredError } from './result-record.js';

/** Causes of causes beyond this are left out, of what is written and of what is read. */
export const deepestCause = 8;
/** Errors of an `AggregateError` beyond this are left out. */
export const mostErrors = 100;

/** Member of an error document that only ctq reads: Python takes the other three by name (celery 5.6 backends/base.py, exception_to_python). */
const ownMember = 'exc_ctq';

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

/** An error with Celery's member names. */
export function encodeError({ excType, excMessage, excModule, own }: StoredError): Mapping {
  const document: Record<string, unknown> = { exc_type: excType, exc_message: excMessage, exc_module: excModule };
  if (own !== undefined) document[ownMember] = encodeOwn(own);
  return document;
}

/** A result that is not an exception's document stays what it is; `{}` is none (celery 5.6 backends/base.py, exception_to_python). */
export function decodeError(result: unknown): unknown {
  return decodeStored(result, deepestCause) ?? result;
}

function encodeOwn({ className, properties, cause, errors }: OwnError): Mapping {
  const document: Record<string, unknown> = { class: className };
  if (properties !== undefined) document.properties = properties;
  if (cause !== undefined) document.cause = encodeNested(cause);
  if (errors !== undefined) document.errors = errors.map(encodeNested);
  return document;
}

function encodeNested(nested: NestedError): Mapping {
  return { ...encodeError(nested), traceback: nested.traceback };
}

function decodeStored(value: unknown, depth: number): StoredError | undefined {
  if (!isMapping(value) || typeof value.exc_type !== 'string') return undefined;
  const { exc_type: excType, exc_message: message = [], exc_module: excModule } = value;
  const own = decodeOwn(value[ownMember], depth);
  return {
    excType,
    excMessage: Array.isArray(message) ? message : [message],
    excModule: typeof excModule === 'string' ? excModule : null,
    ...(own === undefined ? {} : { own }),
  };
}

function decodeOwn(value: unknown, depth: number): OwnError | undefined {
  if (!isMapping(value) || typeof value.class !== 'string') return undefined;
  const { class: className, properties, cause: causeDocument, errors } = value;
  const cause = decodeNested(causeDocument, depth);
  return {
    className,
    ...(isMapping(properties) ? { properties } : {}),
    ...(cause === undefined ? {} : { cause }),
    ...(Array.isArray(errors)
      ? {
          errors: errors
            .slice(0, mostErrors)
            .map((error) => decodeNested(error, depth))
            .filter((error) => error !== undefined),
        }
      : {}),
  };
}

function decodeNested(value: unknown, depth: number): NestedError | undefined {
  const stored = depth === 0 ? undefined : decodeStored(value, depth - 1);
  if (stored === undefined) return undefined;
  const { traceback } = value as Mapping;
  return { ...stored, traceback: typeof traceback === 'string' ? traceback : null };
}
