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
import { ConfigurationError } from '@ctq/runtime';
import { loadVectors } from '@ctq/wire-vectors';
import { describe, expect, test } from 'vitest';
import { TaskAbortedError } from '../errors/abort-error.js';
import { SoftTimeLimitExceeded, TimeLimitExceeded, WorkerLostError } from '../errors/limit-errors.js';
import { OutboxClosedError } from '../errors/outbox-errors.js';
import { RemoteError } from '../errors/remote-error.js';
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
import { Reject, Retry } from '../task/directives.js';
import { ErrorClasses } from './error-classes.js';
import { decodeError, encodeError } from './error-document.js';
import type { StoredError } from './result-record.js';
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
  [new IncompleteStreamError('some-id'), 'celery.exceptions', 'IncompleteStream', ['some-id']],
  [new BackendStoreError('no'), 'celery.exceptions', 'BackendStoreError', ['no']],
  [new BackendReadError('no'), 'celery.exceptions', 'BackendGetMetaError', ['no']],
  [new NoResultBackendError(), 'ctq.errors', 'NoResultBackendError', [new NoResultBackendError().message]],
  [new SyncSubtaskError('shop.t'), 'ctq.errors', 'SyncSubtaskError', [new SyncSubtaskError('shop.t').message]],
  [new ConfigurationError('CTQ_X', 'wrong'), 'celery.exceptions', 'ImproperlyConfigured', ['wrong']],
  [new SoftTimeLimitExceeded(), 'billiard.exceptions', 'SoftTimeLimitExceeded', []],
  [new TimeLimitExceeded(1), 'billiard.exceptions', 'TimeLimitExceeded', [1]],
  [new WorkerLostError('gone'), 'billiard.exceptions', 'WorkerLostError', ['gone']],
  [new EncodeError('no'), 'kombu.exceptions', 'EncodeError', ['no']],
  [new DecodeError('no'), 'kombu.exceptions', 'DecodeError', ['no']],
  [new ContentNotAcceptedError('no'), 'kombu.exceptions', 'ContentDisallowed', ['no']],
  [new TransportConnectionError('no', { recoverable: true }), 'kombu.exceptions', 'OperationalError', ['no']],
];

/** Errors that only ctq has, which tasks that send and wait may fail with. */
const ownErrors: readonly Error[] = [
  new NoGroupSupportError('rpc'),
  new NoChordSupportError('rpc'),
  new BackendConnectionError('no', { recoverable: true }),
  new BackendConnectionError('no', { recoverable: false }),
  new TaskAbortedError('some-id'),
  new OutboxClosedError('shop.t', 'some-id'),
  new PublishTimeoutError('late', { outcome: 'not-sent' }),
  new PublishTimeoutError('late', { outcome: 'unknown' }),
  new ChannelClosedError('closed'),
  new TopologyMismatchError('other'),
  new TopologyNotFoundError('none'),
  new UnroutableError('nowhere'),
  new NotSupportedError('no'),
  new BodyTooLargeError('large'),
];

class OutOfStock extends Error {
  readonly sku: string;

  constructor(sku: string) {
    super(`${sku} is sold out`);
    this.sku = sku;
  }
}

/** Stored by a worker and read by a client. */
function throughTheWire(stored: StoredError, traceback: string | null = null, classes?: ErrorClasses): Error {
  const document = JSON.parse(JSON.stringify(encodeError(stored))) as unknown;
  return rebuildError(decodeError(document), traceback, 'id', classes === undefined ? {} : { classes });
}

function depthOf(error: Error): number {
  return error.cause instanceof Error ? 1 + depthOf(error.cause) : 0;
}

describe('errors in results', () => {
  test.each(shared)(
    '[TR-150, TR-156, TR-159] %s is what Python has for it, and comes back as itself',
    (error, module, type, args) => {
      const stored = storedError(error);
      expect(stored).toEqual({ excType: type, excMessage: args, excModule: module });
      const again = rebuildError(stored, null, 'id');
      expect(again.constructor).toBe(error.constructor);
      expect(again.message).toBe(error.message);
    },
  );

  test('[BK-055] a result that is too large is what Celery has for a value that its store refuses', () => {
    const stored = storedError(new ResultTooLargeError(10, 5));
    expect(stored).toMatchObject({ excType: 'BackendStoreError', excModule: 'celery.exceptions' });
    const { own: _, ...ofPython } = stored;
    expect(BackendStoreError.isInstance(rebuildError(ofPython, null, 'id'))).toBe(true);
  });

  test('a result that is too large comes back to a ctq client as that, with both sizes', () => {
    const error = new ResultTooLargeError(10, 5);
    const again = throughTheWire(storedError(error));
    expect(again).toBeInstanceOf(ResultTooLargeError);
    expect(again).toMatchObject({ message: error.message, details: { bytes: 10, limit: 5 } });
    const caused = throughTheWire(storedError(new ResultTooLargeError(10, 5, { cause: new RangeError('inner') })));
    expect(caused).toBeInstanceOf(ResultTooLargeError);
    expect(caused.cause).toBeInstanceOf(RangeError);
  });

  test.each(ownErrors)('%s comes back as itself, with what programs ask it', (error) => {
    const again = throughTheWire(storedError(error));
    expect(again).toBeInstanceOf(error.constructor);
    expect(again).toMatchObject({ ...Object.fromEntries(Object.entries(error)), message: error.message });
  });

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
    expect(storedError(error)).toMatchObject({ excType: type, excModule: module, excMessage: [error.message] });
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
    expect(rebuildError({ excType: 'Exception', excMessage: ['m'], excModule: 'builtins' }, null, 'id')).toEqual(
      new Error('m'),
    );
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

  test.each([
    new Error('m'),
    new TypeError('m'),
    new RangeError('m'),
    new SyntaxError('m'),
    new ReferenceError('m'),
    new URIError('m'),
    new EvalError('m'),
    new AggregateError([new RangeError('one'), new TypeError('two')], 'm'),
    new DOMException('m', 'AbortError'),
  ])("JavaScript's own %s comes back to a ctq client by its class, with its stack", (error) => {
    const again = throughTheWire(storedError(error), error.stack);
    expect(again).toBeInstanceOf(error.constructor);
    expect([again.name, again.message, again.stack]).toEqual([error.name, error.message, error.stack]);
    expect(again.cause).toBeUndefined();
    expect('errors' in again ? again.errors : []).toEqual('errors' in error ? error.errors : []);
  });

  test('a chain of causes comes back, each with its class and its stack', () => {
    const inner = new RangeError('inner');
    const middle = new OutOfStock('bolt');
    middle.cause = inner;
    const outer = new TypeError('outer', { cause: middle });
    const again = throughTheWire(storedError(outer), outer.stack);
    expect(again).toBeInstanceOf(TypeError);
    if (!RemoteError.isInstance(again.cause)) throw new Error('It has no remote cause.');
    expect([again.cause.name, again.cause.traceback]).toEqual(['OutOfStock', middle.stack]);
    expect(again.cause.cause).toBeInstanceOf(RangeError);
    expect((again.cause.cause as Error).stack).toBe(inner.stack);
  });

  test('ends where causes go round in a circle, and after so many of them', () => {
    const circle = new Error('first');
    circle.cause = new Error('second', { cause: circle });
    expect(depthOf(throughTheWire(storedError(circle)))).toBe(1);
    const own = new AggregateError([], 'itself');
    own.errors = [own, own, new Error('other')];
    expect((throughTheWire(storedError(own)) as AggregateError).errors).toEqual([new Error('other')]);
    const long = Array.from({ length: 50 }).reduce<Error>((cause) => new Error('next', { cause }), new Error('last'));
    expect(depthOf(throughTheWire(storedError(long)))).toBe(8);
  });

  test('keeps of an error of an unlisted class its name and code, and nothing that could hold a password', () => {
    const error = Object.assign(new Error('refused'), {
      ...{
        name: 'AxiosError',
        code: 'ECONNREFUSED',
        config: { headers: { authorization: 'Bearer x' } },
        url: 'http://u:p@h',
      },
    });
    const again = throughTheWire(storedError(error));
    expect(RemoteError.isInstance(again) && [again.name, again.properties]).toEqual([
      'AxiosError',
      { name: 'AxiosError', code: 'ECONNREFUSED' },
    ]);
    const failed = Object.assign(new Error('no file'), { code: 'ENOENT', path: '/x' });
    expect(throughTheWire(storedError(failed))).toMatchObject({ code: 'ENOENT', message: 'no file' });
    expect(throughTheWire(storedError(failed))).not.toHaveProperty('path');
  });

  test('is passed on as what it was by a task that only had it from another one', () => {
    const first = throughTheWire(storedError(Object.assign(new OutOfStock('bolt'), { code: 'E1' })), 'first stack');
    const again = throughTheWire(storedError(first), 'second stack', new ErrorClasses([OutOfStock]));
    expect(again).toBeInstanceOf(OutOfStock);
    expect(again).toMatchObject({ message: 'bolt is sold out', code: 'E1' });
  });

  test("what a subtask's directive was is an error to whoever waits: a message does not steer another task", () => {
    for (const directive of ['Ignore', 'Reject', 'Retry']) {
      const error = rebuildError({ excType: directive, excMessage: ['x'], excModule: 'celery.exceptions' }, null, 'id');
      expect(RemoteError.isInstance(error) && error.is(directive, 'celery.exceptions')).toBe(true);
    }
  });

  test('[TR-188] the remote traceback is the stack of all errors where the app says so', () => {
    const python = { excType: 'ValueError', excMessage: ['m'], excModule: 'builtins' };
    const stackOf = (remoteTracebacks: boolean): string | undefined =>
      rebuildError(python, 'Traceback (most recent call last): …', 'id', { remoteTracebacks }).stack;
    expect(stackOf(true)).toBe('Traceback (most recent call last): …');
    expect(stackOf(false)).toMatch(/^ValueError: m\n +at /);
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
  const others = decodings.filter(
    ({ python }) => python === undefined || python.startsWith('Exception("') || python === 'None',
  );

  test('there are some of every kind', () => {
    expect(decodings.length).toBeGreaterThan(15);
    expect(others.length).toBeGreaterThan(4);
  });

  // Python refuses them (SecurityError), has no class for them or makes nothing of them. Here they are errors like others, and no code of theirs runs.
  test.each(others)('[TR-160] $in, which Python does not rebuild, is harmless', ({ in: document }) => {
    const error = rebuildError(decodeRecord({ status: 'FAILURE', result: document }).result, null, 'id');
    expect(RemoteError.isInstance(error)).toBe(true);
    const { exc_type: type } = Object(document) as { readonly exc_type?: unknown };
    expect((error as RemoteError).excType).toBe(typeof type === 'string' ? type : 'Exception');
  });

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
