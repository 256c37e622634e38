import type { CtqError } from '@ctq/runtime';
import { describe, expect, test } from 'vitest';
import { SoftTimeLimitExceeded, TimeLimitExceeded, WorkerLostError } from './limit-errors.js';
import { RemoteError } from './remote-error.js';
import {
  BackendConnectionError,
  BackendError,
  BackendReadError,
  BackendStoreError,
  IncompleteStreamError,
  NoGroupSupportError,
  NoResultBackendError,
  ResultError,
  ResultTimeoutError,
  ResultTooLargeError,
  SyncSubtaskError,
} from './result-errors.js';
import {
  ChordError,
  DuplicateTaskError,
  InvalidTaskMessageError,
  MaxRetriesExceededError,
  NoChordSupportError,
  TaskError,
  TaskNotRegisteredError,
  TaskRevokedError,
  UnknownMessageError,
} from './task-errors.js';

const cause = new Error('underneath');

/** One of each, with its code. Codes are what programs and documents hold on to: changing one here is a breaking change. */
const errors: readonly (readonly [CtqError, string, { readonly family: string }])[] = [
  [new TaskNotRegisteredError('t', { cause }), 'CTQ_TASK_NOT_REGISTERED', TaskError],
  [new DuplicateTaskError('m', { cause }), 'CTQ_DUPLICATE_TASK', TaskError],
  [new InvalidTaskMessageError('m', { cause }), 'CTQ_INVALID_TASK_MESSAGE', TaskError],
  [new UnknownMessageError('m', { cause }), 'CTQ_UNKNOWN_MESSAGE', TaskError],
  [new TaskRevokedError('expired', { cause }), 'CTQ_TASK_REVOKED', TaskError],
  [new MaxRetriesExceededError('t', 'id', { cause }), 'CTQ_MAX_RETRIES_EXCEEDED', TaskError],
  [new ChordError('m', { cause }), 'CTQ_CHORD', TaskError],
  [new NoChordSupportError('redis', { cause }), 'CTQ_NO_CHORD_SUPPORT', TaskError],
  [new SoftTimeLimitExceeded({ cause }), 'CTQ_SOFT_TIME_LIMIT_EXCEEDED', TaskError],
  [new TimeLimitExceeded(1, { cause }), 'CTQ_TIME_LIMIT_EXCEEDED', TaskError],
  [new WorkerLostError('m', { cause }), 'CTQ_WORKER_LOST', TaskError],
  [new RemoteError('m', { excType: 'E', excModule: null, excMessage: [], cause }), 'CTQ_REMOTE', TaskError],
  [new ResultTimeoutError('m', { cause }), 'CTQ_RESULT_TIMEOUT', ResultError],
  [new NoResultBackendError({ cause }), 'CTQ_NO_RESULT_BACKEND', ResultError],
  [new SyncSubtaskError('t', { cause }), 'CTQ_SYNC_SUBTASK', ResultError],
  [new IncompleteStreamError('id', { cause }), 'CTQ_INCOMPLETE_STREAM', ResultError],
  [new ResultTooLargeError(2, 1, { cause }), 'CTQ_RESULT_TOO_LARGE', ResultError],
  [new NoGroupSupportError('b', { cause }), 'CTQ_NO_GROUP_SUPPORT', ResultError],
  [new BackendConnectionError('m', { recoverable: true, cause }), 'CTQ_BACKEND_CONNECTION', BackendError],
  [new BackendStoreError('m', { cause }), 'CTQ_BACKEND_STORE', BackendError],
  [new BackendReadError('m', { cause }), 'CTQ_BACKEND_READ', BackendError],
];

describe('errors of core', () => {
  test.each(errors)('%s has the code %s, its parent and its cause', (error, code, parent) => {
    expect(error.code).toBe(code);
    expect((parent as typeof CtqError).isInstance(error)).toBe(true);
    expect((error.constructor as typeof CtqError).isInstance(error)).toBe(true);
    expect(error.cause).toBe(cause);
  });

  test('have names and codes of their own', () => {
    expect(new Set(errors.map(([error]) => error.code)).size).toBe(errors.length);
    expect(new Set(errors.map(([error]) => (error.constructor as typeof CtqError).family)).size).toBe(errors.length);
  });

  test('[TR-160] a remote error goes by its remote name', () => {
    const error = new RemoteError('sold out', { excType: 'Shelf.Broken', excModule: 'wapp', excMessage: ['sold out'] });
    expect(String(error)).toBe('Shelf.Broken: sold out');
    expect(error.traceback).toBeNull();
    expect([error.is('Shelf.Broken'), error.is('Shelf.Broken', 'wapp'), error.is('Shelf.Broken', 'os')]).toEqual([
      ...[true, true, false],
    ]);
  });

  test('say which of them may pass by themselves', () => {
    expect(new BackendStoreError('m').recoverable).toBe(true);
    expect(new BackendReadError('m', { recoverable: false }).recoverable).toBe(false);
  });
});
