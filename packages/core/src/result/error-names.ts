import {
  BodyTooLargeError,
  ChannelClosedError,
  ContentNotAcceptedError,
  DecodeError,
  EncodeError,
  NotSupportedError,
  PublishTimeoutError,
  TopologyMismatchError,
  TopologyNotFoundError,
  TransportConnectionError,
  UnroutableError,
} from '@ctq/messaging';
import { ConfigurationError, type CtqError } from '@ctq/runtime';
import { TaskAbortedError } from '../errors/abort-error.js';
import { SoftTimeLimitExceeded, TimeLimitExceeded, WorkerLostError } from '../errors/limit-errors.js';
import { OutboxClosedError } from '../errors/outbox-errors.js';
import {
  BackendConnectionError,
  BackendReadError,
  BackendStoreError,
  IncompleteStreamError,
  NoGroupSupportError,
  NoResultBackendError,
  ResultTimeoutError,
  ResultTooLargeError,
  SyncSubtaskError,
} from '../errors/result-errors.js';
import {
  ChordError,
  DuplicateTaskError,
  InvalidTaskMessageError,
  MaxRetriesExceededError,
  NoChordSupportError,
  TaskNotRegisteredError,
  TaskRevokedError,
} from '../errors/task-errors.js';
import { UniqueConflictError } from '../errors/unique-errors.js';
import type { Mapping } from '../protocol/task-fields.js';

/** How an error of ctq is called in results: the class that Python has for it. */
export interface ErrorName {
  /** `family` of our class. */
  readonly family: string;
  readonly excModule: string;
  readonly excType: string;
  /** Arguments of Python's constructor. */
  excMessage(error: CtqError): readonly unknown[];
  /** Where Python has one class for several of ours: what is stored beside its arguments, with our class, for ctq. */
  beside?(error: CtqError): Mapping;
  /** Our error again. @param beside empty where Python stored it. */
  rebuild(excMessage: readonly unknown[], message: string, beside: Mapping): CtqError;
}

type Rebuild = ErrorName['rebuild'];

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
  {
    ...named(
      ResultTooLargeError,
      celery,
      'BackendStoreError',
      (_, message, { bytes, limit }) => new ResultTooLargeError(Number(bytes), Number(limit), { message }),
    ),
    beside: ({ details: { bytes, limit } }) => ({ bytes, limit }),
  },
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
  named(NoGroupSupportError, ctq, 'NoGroupSupportError', (_, message) => new NoGroupSupportError('', { message })),
  named(NoChordSupportError, ctq, 'NoChordSupportError', (_, message) => new NoChordSupportError('', { message })),
  named(
    BackendConnectionError,
    ctq,
    'BackendConnectionError',
    ([text, recoverable], message) =>
      new BackendConnectionError(String(text ?? message), { recoverable: recoverable === true }),
    (error) => [error.message, 'recoverable' in error && error.recoverable],
  ),
  named(
    TaskAbortedError,
    ctq,
    'TaskAbortedError',
    ([taskId]) => new TaskAbortedError(String(taskId)),
    ({ details }) => [details.taskId],
  ),
  named(
    OutboxClosedError,
    ctq,
    'OutboxClosedError',
    ([task, id]) => new OutboxClosedError(String(task), String(id)),
    ({ details }) => [details.task, details.id],
  ),
  named(
    PublishTimeoutError,
    ctq,
    'PublishTimeoutError',
    ([text, outcome], message) =>
      // Who is not told must not think that it did not arrive.
      new PublishTimeoutError(String(text ?? message), { outcome: outcome === 'not-sent' ? outcome : 'unknown' }),
    (error) => [error.message, 'outcome' in error ? error.outcome : null],
  ),
  named(ChannelClosedError, ctq, 'ChannelClosedError', (_, message) => new ChannelClosedError(message)),
  named(TopologyMismatchError, ctq, 'TopologyMismatchError', (_, message) => new TopologyMismatchError(message)),
  named(TopologyNotFoundError, ctq, 'TopologyNotFoundError', (_, message) => new TopologyNotFoundError(message)),
  named(UnroutableError, ctq, 'UnroutableError', (_, message) => new UnroutableError(message)),
  named(NotSupportedError, ctq, 'NotSupportedError', (_, message) => new NotSupportedError(message)),
  named(BodyTooLargeError, ctq, 'BodyTooLargeError', (_, message) => new BodyTooLargeError(message)),
];

/** The row of an error that is exactly of such a class; a subclass is somebody's own. */
export function nameOfError(error: CtqError): ErrorName | undefined {
  return errorNames.find((row) => row.family === error.name);
}

/** @param family of our class, where it was stored beside Python's. */
export function errorNamed(excModule: string | null, excType: string, family?: string): ErrorName | undefined {
  const rows = errorNames.filter((row) => row.excType === excType && row.excModule === excModule);
  return rows.find((row) => row.family === family) ?? rows[0];
}

function taskOf(error: CtqError): readonly unknown[] {
  return [error.details.task ?? error.message];
}

function limitOf(error: CtqError): readonly unknown[] {
  return ['limitSeconds' in error ? error.limitSeconds : null];
}
