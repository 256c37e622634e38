import { ContentNotAcceptedError, DecodeError, EncodeError, TransportConnectionError } from '@ctq/messaging';
import { ConfigurationError } from '@ctq/runtime';
import { loadVectors } from '@ctq/wire-vectors';
import { describe, expect, test } from 'vitest';
import { SoftTimeLimitExceeded, TimeLimitExceeded, WorkerLostError } from '../errors/limit-errors.js';
import { RemoteError } from '../errors/remote-error.js';
import { ResultTimeoutError } from '../errors/result-errors.js';
import {
  ChordError,
  DuplicateTaskError,
  InvalidTaskMessageError,
  MaxRetriesExceededError,
  TaskNotRegisteredError,
  TaskRevokedError,
} from '../errors/task-errors.js';
import { Reject, Retry } from '../task/directives.js';
import { rebuildError, storedError } from './stored-error.js';
import { decodeRecord } from './result-codec.js';

/** Each error of ctq that Celery has too, as Python's workers store it. */
const shared: readonly (readonly [Error, string, string, readonly unknown[]])[] = [
  [new TaskNotRegisteredError('no.such.task'), 'celery.exceptions', 'NotRegistered', ['no.such.task']],
  [new TaskRevokedError('terminated'), 'celery.exceptions', 'TaskRevokedError', ['terminated']],
  [new TaskRevokedError(), 'celery.exceptions', 'TaskRevokedError', ['revoked']],
  [new DuplicateTaskError('twice'), 'celery.exceptions', 'AlreadyRegistered', ['twice']],
  [new InvalidTaskMessageError('bad'), 'celery.exceptions', 'InvalidTaskError', ['bad']],
  [new ChordError('Dependency x raised y'), 'celery.exceptions', 'ChordError', ['Dependency x raised y']],
  [new ResultTimeoutError('late'), 'celery.exceptions', 'TimeoutError', ['late']],
  [new ConfigurationError('CTQ_X', 'wrong'), 'celery.exceptions', 'ImproperlyConfigured', ['wrong']],
  [new SoftTimeLimitExceeded(), 'billiard.exceptions', 'SoftTimeLimitExceeded', []],
  [new TimeLimitExceeded(1), 'billiard.exceptions', 'TimeLimitExceeded', [1]],
  [new WorkerLostError('gone'), 'billiard.exceptions', 'WorkerLostError', ['gone']],
  [new EncodeError('no'), 'kombu.exceptions', 'EncodeError', ['no']],
  [new DecodeError('no'), 'kombu.exceptions', 'DecodeError', ['no']],
  [new ContentNotAcceptedError('no'), 'kombu.exceptions', 'ContentDisallowed', ['no']],
  [new TransportConnectionError('no', { recoverable: true }), 'kombu.exceptions', 'OperationalError', ['no']],
];

class OutOfStock extends Error {
  readonly sku: string;

  constructor(sku: string) {
    super(`${sku} is sold out`);
    this.sku = sku;
  }
}

describe('errors in results', () => {
  test.each(shared)(
    '[TR-150, TR-159] %s is what Python has for it, and comes back as itself',
    (error, module, type, args) => {
      const stored = storedError(error);
      expect(stored).toEqual({ excType: type, excMessage: args, excModule: module });
      const again = rebuildError(stored, null, 'id');
      expect(again.constructor).toBe(error.constructor);
      expect(again.message).toBe(error.message);
    },
  );

  test('[TR-152] used up attempts come back with their message', () => {
    const error = new MaxRetriesExceededError('shop.charge', 'id');
    expect(rebuildError(storedError(error), null, 'id')).toEqual(expect.objectContaining({ message: error.message }));
    expect(MaxRetriesExceededError.isInstance(rebuildError(storedError(error), null, 'id'))).toBe(true);
  });

  test.each([
    [new Error('m'), 'builtins', 'Exception'],
    [new TypeError('m'), 'builtins', 'TypeError'],
    [new RangeError('m'), 'builtins', 'ValueError'],
    [new SyntaxError('m'), 'builtins', 'SyntaxError'],
    [new ReferenceError('m'), 'builtins', 'NameError'],
    [new OutOfStock('m'), 'ctq.errors', 'OutOfStock'],
    [Object.assign(new Error('m'), { name: 'AxiosError' }), 'ctq.errors', 'AxiosError'],
    [new AggregateError([], 'm'), 'ctq.errors', 'AggregateError'],
    [new DOMException('m', 'AbortError'), 'ctq.errors', 'AbortError'],
    [new (class extends Error {})('m'), 'builtins', 'Exception'],
  ])('[TR-159] %s is stored as %s.%s', (error, module, type) => {
    expect(storedError(error)).toEqual({ excType: type, excModule: module, excMessage: [error.message] });
  });

  test('[TR-147, TR-149] directives are stored under the names of Celery', () => {
    expect(storedError(new Retry({ inMs: 5_000 }))).toEqual({
      ...{ excType: 'Retry', excModule: 'celery.exceptions', excMessage: ['Retry in 5s', null, null] },
    });
    expect(storedError(new Reject('bad', { requeue: false }))).toEqual({
      ...{ excType: 'Reject', excModule: 'celery.exceptions', excMessage: ['bad', false] },
    });
  });

  test('[TR-160] errors that both languages have come back by their class, with the remote traceback underneath', () => {
    const error = rebuildError({ excType: 'TypeError', excMessage: ['m'], excModule: 'builtins' }, 'Traceback …', 'id');
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toBe('m');
    expect((error.cause as RemoteError).traceback).toBe('Traceback …');
    expect(rebuildError(storedError(new Error('m')), null, 'id')).toEqual(new Error('m'));
  });

  test('[TR-160] all others keep their type, module and message', () => {
    const error = rebuildError(storedError(new OutOfStock('bolt')), 'OutOfStock: …', 'id');
    expect(RemoteError.isInstance(error)).toBe(true);
    expect(error).toMatchObject({
      name: 'OutOfStock',
      message: 'bolt is sold out',
      excType: 'OutOfStock',
      excModule: 'ctq.errors',
      traceback: 'OutOfStock: …',
      details: { taskId: 'id' },
    });
    expect(storedError(error)).toEqual(storedError(new OutOfStock('bolt')));
  });

  test('[TR-160] a name in a message never becomes a class', () => {
    for (const excType of ['constructor', '__proto__', 'toString', 'Function', 'Promise', 'system']) {
      for (const excModule of ['builtins', 'celery.exceptions', 'os', null]) {
        expect(RemoteError.isInstance(rebuildError({ excType, excModule, excMessage: ['x'] }, null, 'id'))).toBe(true);
      }
    }
  });

  test.each([
    [['x'], 'ValueError', 'x'],
    [[], 'ValueError', ''],
    [['sku', 3], 'OutOfStock', "('sku', 3)"],
    [['shelf', { n: 1 }], 'Broken', "('shelf', {'n': 1})"],
    [['k'], 'KeyError', "'k'"],
    [[null], 'ValueError', 'None'],
    [[[1, true]], 'ValueError', '[1, True]'],
    [[2, 'No such file or directory'], 'FileNotFoundError', '[Errno 2] No such file or directory'],
    [[2, 'No such file or directory', 'x'], 'FileNotFoundError', "[Errno 2] No such file or directory: 'x'"],
  ])('the message of arguments %j of %s is what Python prints', (excMessage, excType, message) => {
    expect(rebuildError({ excType, excMessage, excModule: 'builtins' }, null, 'id').message).toBe(message);
  });

  test('what is no error at all is said to be unreadable', () => {
    for (const result of [null, {}, 'text', 5]) {
      expect(rebuildError(result, null, 'id').message).toContain('cannot be read');
    }
  });
});

interface Decoding {
  readonly in: unknown;
  readonly python?: string;
  readonly class?: string;
}

describe('error documents, as Python rebuilds them', () => {
  const decodings = (loadVectors('exception_decoding')[0]?.raw ?? []) as unknown as readonly Decoding[];
  const readable = decodings.filter(
    ({ python }) => python !== undefined && python !== 'None' && !python.startsWith('Exception("'),
  );

  test.each(readable)('[TR-160] $in', ({ in: document, python = '' }) => {
    const record = decodeRecord({ status: 'FAILURE', result: document });
    const error = rebuildError(record.result, null, 'id');
    const {
      exc_type: type,
      exc_module: module = null,
      exc_message: message,
    } = document as Readonly<Record<string, unknown>>;
    const known = `${error.name === 'Error' ? 'Exception' : error.name}(`;
    const shown = RemoteError.isInstance(error)
      ? [error.excType, error.excModule]
      : [python.startsWith(known), 'known'];
    expect(shown).toEqual(RemoteError.isInstance(error) ? [type, module] : [true, 'known']);
    const first = Array.isArray(message) ? message[0] : message;
    expect(error.message).toContain(String(first));
  });
});
