import { ContentNotAcceptedError, DecodeError, EncodeError, TransportConnectionError } from '@ctq/messaging';
import { ConfigurationError, type CtqError } from '@ctq/runtime';
import { SoftTimeLimitExceeded, TimeLimitExceeded, WorkerLostError } from '../errors/limit-errors.js';
import {
  BackendReadError,
  BackendStoreError,
  IncompleteStreamError,
  ResultTimeoutError,
  NoResultBackendError,
  ResultTooLargeError,
  SyncSubtaskError,
} from '../errors/result-errors.js';
import {
  ChordError,
  DuplicateTaskError,
  InvalidTaskMessageError,
  MaxRetriesExceededError,
  TaskNotRegisteredError,
  TaskRevokedError,
} from '../errors/task-errors.js';
import { UniqueConflictError } from '../errors/unique-errors.js';

/** How an error of ctq is called in results: the class that Python has for it. */
export interface ErrorName {
  /** `family` of our class. */
  readonly family: string;
  readonly excModule: string;
  readonly excType: string;
  /** Arguments of Python's constructor. */
  excMessage(error: CtqError): readonly unknown[];
  /** Our error again. */
  rebuild(excMessage: readonly unknown[], message: string): CtqError;
}

type Rebuild = (excMessage: readonly unknown[], message: string) => CtqError;

function named(
  errorClass: { readonly family: string },
  excModule: string,
  excType: string,
  rebuild: Rebuild,
  excMessage: (error: CtqError) => readonly unknown[] = (error) => [error.message],
): ErrorName {
  return { family: errorClass.family, excModule, excType, excMessage, rebuild };
}

const celery = 'celery.exceptions';
const billiard = 'billiard.exceptions';
const kombu = 'kombu.exceptions';
/** Errors that Celery does not have, or not by a class of their own. */
const ctq = 'ctq.errors';

/** One row per error of ctq that Celery has too. Rebuilding goes by this table and by nothing that a message says. */
const errorNames: readonly ErrorName[] = [
  named(
    TaskNotRegisteredError,
    celery,
    'NotRegistered',
    ([task], message) => new TaskNotRegisteredError(String(task ?? message)),
    taskOf,
  ),
  named(DuplicateTaskError, celery, 'AlreadyRegistered', (_, message) => new DuplicateTaskError(message)),
  named(InvalidTaskMessageError, celery, 'InvalidTaskError', (_, message) => new InvalidTaskMessageError(message)),
  named(TaskRevokedError, celery, 'TaskRevokedError', (_, message) => new TaskRevokedError(message)),
  named(
    MaxRetriesExceededError,
    celery,
    'MaxRetriesExceededError',
    (_, message) => new MaxRetriesExceededError('', '', { message }),
  ),
  named(ChordError, celery, 'ChordError', (_, message) => new ChordError(message)),
  named(ResultTimeoutError, celery, 'TimeoutError', (_, message) => new ResultTimeoutError(message)),
  named(BackendStoreError, celery, 'BackendStoreError', (_, message) => new BackendStoreError(message)),
  // Read back as the row above, whose name it shares.
  named(ResultTooLargeError, celery, 'BackendStoreError', (_, message) => new BackendStoreError(message)),
  named(
    IncompleteStreamError,
    celery,
    'IncompleteStream',
    ([taskId], message) => new IncompleteStreamError(String(taskId ?? message)),
    (error) => [error.details.taskId ?? error.message],
  ),
  named(BackendReadError, celery, 'BackendGetMetaError', (_, message) => new BackendReadError(message)),
  named(
    ConfigurationError,
    celery,
    'ImproperlyConfigured',
    (_, message) => new ConfigurationError('CTQ_CONFIGURATION', message),
  ),
  named(
    SoftTimeLimitExceeded,
    billiard,
    'SoftTimeLimitExceeded',
    () => new SoftTimeLimitExceeded(),
    () => [],
  ),
  named(
    TimeLimitExceeded,
    billiard,
    'TimeLimitExceeded',
    ([limit]) => new TimeLimitExceeded(Number(limit ?? 0)),
    limitOf,
  ),
  named(WorkerLostError, billiard, 'WorkerLostError', (_, message) => new WorkerLostError(message)),
  named(EncodeError, kombu, 'EncodeError', (_, message) => new EncodeError(message)),
  named(DecodeError, kombu, 'DecodeError', (_, message) => new DecodeError(message)),
  named(ContentNotAcceptedError, kombu, 'ContentDisallowed', (_, message) => new ContentNotAcceptedError(message)),
  named(
    TransportConnectionError,
    kombu,
    'OperationalError',
    (_, message) => new TransportConnectionError(message, { recoverable: true }),
  ),
  named(SyncSubtaskError, ctq, 'SyncSubtaskError', (_, message) => new SyncSubtaskError('', { message })),
  named(
    UniqueConflictError,
    ctq,
    'UniqueConflictError',
    ([task, id, takenBy]) => new UniqueConflictError(String(task), String(id), String(takenBy)),
    ({ details }) => [details.task, details.id, details.takenBy],
  ),
  named(NoResultBackendError, ctq, 'NoResultBackendError', () => new NoResultBackendError()),
];

/** The row of an error that is exactly of such a class; a subclass is somebody's own. */
export function nameOfError(error: CtqError): ErrorName | undefined {
  return errorNames.find((row) => row.family === error.name);
}

export function errorNamed(excModule: string | null, excType: string): ErrorName | undefined {
  return errorNames.find((row) => row.excType === excType && row.excModule === excModule);
}

function taskOf(error: CtqError): readonly unknown[] {
  return [error.details.task ?? error.message];
}

function limitOf(error: CtqError): readonly unknown[] {
  return ['limitSeconds' in error ? error.limitSeconds : null];
}
