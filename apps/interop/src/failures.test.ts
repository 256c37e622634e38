import {
  BackendReadError,
  BackendStoreError,
  ChordError,
  DuplicateTaskError,
  IncompleteStreamError,
  InvalidTaskMessageError,
  MaxRetriesExceededError,
  RemoteError,
  ResultTimeoutError,
  SoftTimeLimitExceeded,
  TaskNotRegisteredError,
  TaskRevokedError,
  TimeLimitExceeded,
  WorkerLostError,
} from '@ctq/core';
import { ContentNotAcceptedError, DecodeError, EncodeError, TransportConnectionError } from '@ctq/messaging';
import { ConfigurationError } from '@ctq/runtime';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inTypescript, MixedFleet } from './mixed-fleet.js';
import { describeOverBrokers } from './places.js';
import { makingPythonMs } from './python/environment.js';

const soon = { timeout: '20s' } as const;

/** Classes of Python with the arguments that they are raised with, and the error of ctq that means the same. */
const same: readonly (readonly [excModule: string, excType: string, args: readonly unknown[], error: Error])[] = [
  ['celery.exceptions', 'NotRegistered', ['shop.gone'], new TaskNotRegisteredError('shop.gone')],
  ['celery.exceptions', 'AlreadyRegistered', ['twice'], new DuplicateTaskError('twice')],
  ['celery.exceptions', 'InvalidTaskError', ['no id'], new InvalidTaskMessageError('no id')],
  ['celery.exceptions', 'TaskRevokedError', ['terminated'], new TaskRevokedError('terminated')],
  [
    'celery.exceptions',
    'MaxRetriesExceededError',
    ['enough'],
    new MaxRetriesExceededError('', '', { message: 'enough' }),
  ],
  ['celery.exceptions', 'ChordError', ['a member failed'], new ChordError('a member failed')],
  ['celery.exceptions', 'TimeoutError', ['too late'], new ResultTimeoutError('too late')],
  ['celery.exceptions', 'BackendStoreError', ['full'], new BackendStoreError('full')],
  ['celery.exceptions', 'BackendGetMetaError', ['unreadable'], new BackendReadError('unreadable')],
  ['celery.exceptions', 'IncompleteStream', ['id-of-a-task'], new IncompleteStreamError('id-of-a-task')],
  [
    'celery.exceptions',
    'ImproperlyConfigured',
    ['no broker'],
    new ConfigurationError('CTQ_CONFIGURATION', 'no broker'),
  ],
  ['billiard.exceptions', 'SoftTimeLimitExceeded', [], new SoftTimeLimitExceeded()],
  ['billiard.exceptions', 'TimeLimitExceeded', [3], new TimeLimitExceeded(3)],
  ['billiard.exceptions', 'WorkerLostError', ['signal 9'], new WorkerLostError('signal 9')],
  ['kombu.exceptions', 'EncodeError', ['no such type'], new EncodeError('no such type')],
  ['kombu.exceptions', 'DecodeError', ['no text'], new DecodeError('no text')],
  ['kombu.exceptions', 'ContentDisallowed', ['pickle'], new ContentNotAcceptedError('pickle')],
  ['kombu.exceptions', 'OperationalError', ['away'], new TransportConnectionError('away', { recoverable: true })],
];

/** What Python has built in, and how its message is shown. */
const builtins: readonly (readonly [excType: string, args: readonly unknown[], message: string])[] = [
  ['Exception', ['plain'], 'plain'],
  ['TypeError', ['no number'], 'no number'],
  ['SyntaxError', ['no sense'], 'no sense'],
  ['ValueError', ['too much'], 'too much'],
  ['KeyError', ['tea'], "'tea'"],
  ['IndexError', ['list index out of range'], 'list index out of range'],
  ['AttributeError', ['no attribute'], 'no attribute'],
  ['RuntimeError', ['broken'], 'broken'],
  ['NotImplementedError', [], ''],
  ['ZeroDivisionError', ['division by zero'], 'division by zero'],
  ['AssertionError', [], ''],
  ['StopIteration', [1], '1'],
  ['OSError', [5, 'Input/output error'], '[Errno 5] Input/output error'],
  ['FileNotFoundError', [2, 'No such file or directory'], '[Errno 2] No such file or directory'],
  ['PermissionError', [13, 'Permission denied'], '[Errno 13] Permission denied'],
  ['TimeoutError', ['too slow'], 'too slow'],
  ['ConnectionResetError', [104, 'reset'], '[Errno 104] reset'],
  ['MemoryError', [], ''],
];

/** What JavaScript has built in, and the class that Python has for it. */
const ownBuiltins: readonly (readonly [error: Error, excType: string, excModule: string])[] = [
  [new Error('plain'), 'Exception', 'builtins'],
  [new TypeError('no number'), 'TypeError', 'builtins'],
  [new RangeError('too much'), 'ValueError', 'builtins'],
  [new SyntaxError('no sense'), 'SyntaxError', 'builtins'],
  [new ReferenceError('no name'), 'NameError', 'builtins'],
  [new URIError('no address'), 'ValueError', 'builtins'],
  [new EvalError('no value'), 'RuntimeError', 'builtins'],
  [new DOMException('given up', 'AbortError'), 'AbortError', 'celery.exceptions'],
];

const scripts = 'Kein Käse: 没有奶酪 — сыра нет 🧀';

describeOverBrokers(
  'What a task of the other language fails with',
  { redis: 'interopErrors', amqp: 'interopErrors' },
  (place) => {
    const fleet = new MixedFleet(place);
    const { app } = fleet;
    app.task('typescript.same', (index: number) => {
      throw same[index]?.[3] ?? new Error('no such row');
    });
    app.task('typescript.builtin', (index: number) => {
      throw ownBuiltins[index]?.[0] ?? new Error('no such row');
    });
    app.task('typescript.scripts', () => {
      throw new RangeError(scripts);
    });
    app.task('typescript.odd', () => {
      throw Object.assign(new RangeError('too\0much'), { when: () => 'never', self: globalThis });
    });
    app.task('typescript.unencodable', () => ({ when: () => 'never' }));
    app.task('typescript.value', () => {
      // oxlint-disable-next-line typescript/only-throw-error -- whoever does so shall see what becomes of it
      throw { reason: 'thrown as a value' };
    });

    beforeAll(() => fleet.start(), makingPythonMs);
    afterAll(() => fleet.stop(), 30_000);

    /** What a ctq client is thrown by a Python task. */
    async function thrownBy(task: string, args: readonly unknown[]): Promise<Error> {
      const result = await app.sendTask(task, args, {}, { queue: 'python' });
      return result.get(soon).then(
        () => new Error('It did not fail.'),
        (error: unknown) => error as Error,
      );
    }

    test.each(same)(
      '%s.%s is the error of ctq that means the same [TR-159] {ctq → python: celery errors}',
      async (excModule, excType, args, expected) => {
        const error = await thrownBy('python.raise', [excModule, excType, args]);
        expect(error.constructor).toBe(expected.constructor);
        expect(error.message).toBe(expected.message);
      },
    );

    test.each(same.map(([excModule, excType, args], index) => [excModule, excType, args, index] as const))(
      '%s.%s is raised in Python for the error of ctq that means the same [TR-159, TR-160] {python → ctq: celery errors}',
      async (module, error, args, index) => {
        expect(await fleet.client.call(inTypescript('typescript.same', index))).toMatchObject({ error, module, args });
      },
    );

    test.each(builtins)(
      'the %s of Python has its type, its arguments and what Python prints [TR-159, TR-160] {ctq → python: built-in errors}',
      async (excType, args, message) => {
        const error = await thrownBy('python.raise', ['builtins', excType, args]);
        // Where both languages have the same it is the class itself.
        const known: Record<string, unknown> = { Exception: Error, TypeError, SyntaxError };
        const remote = RemoteError.isInstance(error) ? [error.excType, error.excModule, error.excMessage] : undefined;
        expect(remote ?? error.constructor).toEqual(known[excType] ?? [excType, 'builtins', args]);
        expect(error.message).toBe(message);
      },
    );

    test.each(
      ownBuiltins.map(([{ name, message }, error, module], index) => [name, error, module, message, index] as const),
    )(
      'the %s of JavaScript is raised as %s in Python [TR-159, TR-160] {python → ctq: built-in errors}',
      async (_name, error, module, message, index) => {
        expect(await fleet.client.call(inTypescript('typescript.builtin', index))).toEqual({
          ...{ error, module, message, args: [message] },
        });
      },
    );

    test('a task that the worker does not have is NotRegistered [TR-153] {python → ctq: not registered} {ctq → python: not registered}', async () => {
      expect(await fleet.client.call(inTypescript('typescript.missing'))).toMatchObject({
        error: 'NotRegistered',
        module: 'celery.exceptions',
        message: expect.stringContaining('typescript.missing'),
      });
      const error = await thrownBy('python.missing', []);
      expect(TaskNotRegisteredError.isInstance(error)).toBe(true);
      expect(error.message).toContain('python.missing');
    });

    test('a result that cannot be encoded is an EncodeError [TR-302] {python → ctq: unencodable result} {ctq → python: unencodable result}', async () => {
      expect(await fleet.client.call(inTypescript('typescript.unencodable'))).toMatchObject({
        error: 'EncodeError',
        module: 'kombu.exceptions',
        message: expect.stringContaining('when'),
      });
      const error = await thrownBy('python.unencodable', []);
      expect(EncodeError.isInstance(error)).toBe(true);
      expect(error.message).toContain('object');
    });

    test('messages come in any script {python → ctq: unicode errors} {ctq → python: unicode errors}', async () => {
      expect(await fleet.client.call(inTypescript('typescript.scripts'))).toMatchObject({ message: scripts });
      expect((await thrownBy('python.raise', ['builtins', 'ValueError', [scripts]])).message).toBe(scripts);
    });

    test('arguments of an error that no serializer carries come as text [TR-159] {ctq → python: odd error arguments}', async () => {
      const error = await thrownBy('python.raise_odd', ['object']);
      expect(RemoteError.isInstance(error) && error.excMessage).toEqual([
        expect.stringMatching(/^<object object at /),
        "{'a': {1, 2}}",
      ]);
      const many = await thrownBy('python.sell', [{ article: ['tea', { kind: 'green' }] }, 2.5]);
      expect(RemoteError.isInstance(many) && many.excMessage).toEqual([{ article: ['tea', { kind: 'green' }] }, 2.5]);
      const chained = await thrownBy('python.raise_odd', ['chained']);
      expect(RemoteError.isInstance(chained) && chained.traceback).toMatch(/KeyError: 'inner'[^]*RuntimeError: outer/);
    });

    test('what is no error, or has members that cannot be stored, is an exception in Python all the same {python → ctq: odd error arguments}', async () => {
      expect(await fleet.client.call(inTypescript('typescript.odd'))).toMatchObject({
        error: 'ValueError',
        message: 'too\0much',
      });
      expect(await fleet.client.call(inTypescript('typescript.value'))).toMatchObject({
        error: 'Exception',
        message: expect.stringContaining('thrown as a value'),
      });
    });
  },
);
