import {
  ContentNotAcceptedError,
  createContentCodec,
  DecodeError,
  isSameValue,
  type Message,
  WireDate,
} from '@ctq/messaging';
import { createPickleReader } from '@ctq/messaging/pickle';
import type { CtqError } from '@ctq/runtime';
import { loadVectors } from '@ctq/wire-vectors';
import { describe, expect, test } from 'vitest';
import { type CapturedMessage, capturedMessages, envelopeMessage } from '../__fixtures__/captured-messages.js';
import { InvalidTaskMessageError, UnknownMessageError } from '../errors/task-errors.js';
import { decodeTask } from './decode-task.js';
import { encodeTask } from './encode-task.js';
import type { TaskMessage } from './task-message.js';

const content = createContentCodec({
  accept: ['json', 'yaml', 'msgpack', 'pickle'],
  serializers: [createPickleReader()],
});

const captured = capturedMessages('task_messages', 'canvas', 'worker_published', 'beat', 'chord_unlock');
const isPickle = ({ message }: CapturedMessage): boolean => message.contentType === 'application/x-python-serialize';
const isVersion2 = ({ message }: CapturedMessage): boolean => Object.hasOwn(message.headers, 'task');

const version2 = captured.filter(isVersion2);
const version1 = captured.filter((one) => !isVersion2(one));

/**
 * Values of classes as their text. Integers as numbers: JSON.parse, with which the capture was loaded, has lost the digits of the larger ones.
 */
function comparable(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(comparable);
  if (value instanceof Uint8Array) return [...value];
  if (value instanceof Set) return { set: [...value].map(comparable) };
  if (WireDate.isWireDate(value)) return value.toIsoText();
  if (Object.getPrototypeOf(value) !== Object.prototype) return `${value.constructor.name} ${String(value)}`;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, comparable(member)]));
}

function embedOf(task: TaskMessage): unknown {
  return { callbacks: task.callbacks, errbacks: task.errbacks, chain: task.chain, chord: task.chord };
}

describe('task messages of real Celery, protocol 2', () => {
  test('there are some of every kind', () => {
    expect(version2.length).toBeGreaterThan(250);
    expect(version1.length).toBe(24);
  });

  test.each(version2)('[TR-276] [TR-277] [TR-278] $title is read as Python reads it', ({ message, decodedBody }) => {
    const task = decodeTask(message, content);
    const [args, kwargs, embed] = decodedBody as readonly [unknown, unknown, unknown];
    expect(comparable([task.args, task.kwargs, embedOf(task)])).toEqual(comparable([args, kwargs, embed]));
    const { headers } = message;
    expect([task.task, task.id, task.eta, task.expires, task.group, task.groupIndex, task.retries]).toEqual([
      ...[headers.task, headers.id, headers.eta, headers.expires, headers.group, headers.group_index, headers.retries],
    ]);
    expect([task.timeLimit, task.softTimeLimit]).toEqual(headers.timelimit);
    expect(task.replyTo).toBe(message.properties.replyTo ?? null);
  });

  test.each(version2.filter((one) => !isPickle(one)))(
    '[TR-276] [TR-277] [TR-279] $title is written again as it was',
    ({ message }) => {
      const again = encodeTask(decodeTask(message, content), {
        content,
        serializer: message.contentType,
        ...(typeof message.headers.compression === 'string' ? { compression: message.headers.compression } : {}),
        properties: message.properties,
      });
      const withoutTransport = Object.fromEntries(
        Object.entries(message.headers).filter(([name]) => name !== 'redelivered'),
      );
      expect(again.headers).toEqual(withoutTransport);
      expect(Object.keys(again.headers)).toEqual(Object.keys(withoutTransport));
      expect(again.properties).toEqual({ priority: 0, ...message.properties });
      expect(again.contentType).toBe(message.contentType);
      expect(isSameValue(content.decode(again), content.decode(message))).toBe(true);
    },
  );
});

describe('task messages of real Celery, protocol 1', () => {
  test.each(version1)(
    '[TR-285] [TR-286] [TR-287] [TR-289] $title is read as Python reads it',
    ({ message, decodedBody }) => {
      const body = decodedBody as Readonly<Record<string, unknown>>;
      const task = decodeTask(message, content);
      expect(task).toMatchObject({
        task: body.task,
        id: body.id,
        args: body.args,
        kwargs: body.kwargs,
        group: body.taskset,
        groupIndex: body.group_index,
        retries: body.retries,
        eta: body.eta,
        expires: body.expires,
        callbacks: body.callbacks,
        errbacks: body.errbacks,
        chain: null,
        chord: body.chord,
        rootId: null,
        headers: message.headers,
      });
      expect([task.timeLimit, task.softTimeLimit]).toEqual(body.timelimit);
      expect(task.argsRepr).toBe(
        `(${(body.args as readonly number[]).join(', ')}${(body.args as readonly number[]).length === 1 ? ',' : ''})`,
      );
    },
  );
});

describe('task messages in other formats than JSON', () => {
  const others = captured.filter(({ message }) => message.contentType !== 'application/json');

  test('there are some in each', () => {
    expect(new Set(others.map(({ message }) => message.contentType))).toEqual(
      new Set(['application/x-yaml', 'application/x-msgpack', 'application/x-python-serialize']),
    );
  });

  test.each(others)('[TR-301] $title is refused unless it is accepted', ({ message }) => {
    const error = errorOf(() => decodeTask(message, createContentCodec()));
    expect(ContentNotAcceptedError.isInstance(error)).toBe(true);
    expect((error as Error).message).toMatch(/yaml|pickle|msgpack/);
  });

  const compressed = captured.filter(({ message }) => message.headers.compression !== undefined);

  test('[TR-303] bodies in each compression of Celery are read', () => {
    const read = compressed.map(({ message }) => [message.headers.compression, decodeTask(message, content).task]);
    expect(new Set(read.map(([compression]) => compression))).toEqual(
      new Set([
        'application/x-gzip',
        'application/x-bz2',
        'application/x-lzma',
        'application/x-brotli',
        'application/zstd',
      ]),
    );
    for (const [, task] of read) expect(task).toMatch(/^wire\./);
  });
});

describe('hand-made messages', () => {
  /** What each odd message of the capture leads to; what a transport refuses before this is left to it. */
  const outcomes: Readonly<Record<string, { readonly family: string }>> = {
    no_header_task: UnknownMessageError,
    no_header_id: InvalidTaskMessageError,
    no_envelope_headers: UnknownMessageError,
    'no_envelope_content-type': InvalidTaskMessageError,
    no_property_body_encoding: DecodeError,
    body_pair: InvalidTaskMessageError,
    kwargs_null: InvalidTaskMessageError,
    kwargs_list: InvalidTaskMessageError,
    body_not_json: DecodeError,
    eta_bad: InvalidTaskMessageError,
    eta_number: InvalidTaskMessageError,
    content_type_unknown: ContentNotAcceptedError,
    v1_no_id: InvalidTaskMessageError,
    body_not_dict_no_headers: UnknownMessageError,
  };
  const vectors = loadVectors('required_fields').map(({ name, description, raw }) => ({ name, description, raw }));
  const read = vectors.flatMap(({ name, description, raw }) => {
    const message = errorOf(() => envelopeMessage(String(raw.payload)));
    return message instanceof Error ? [] : [{ name, description, message: message as Message }];
  });

  test.each(read.filter(({ name }) => outcomes[name] === undefined))(
    '[TR-276] [TR-288] $name is read: $description',
    ({ message }) => {
      expect(decodeTask(message, content)).toMatchObject({ id: expect.any(String), task: expect.any(String) });
    },
  );

  test.each(read.filter(({ name }) => outcomes[name] !== undefined))(
    '$name is refused: $description',
    ({ name, message }) => {
      const error = errorOf(() => decodeTask(message, createContentCodec())) as CtqError;
      expect(error.name).toBe(outcomes[name]?.family);
    },
  );

  test('the transport refuses only what has no envelope', () => {
    const refused = vectors.map(({ name }) => name).filter((name) => !read.some((one) => one.name === name));
    expect(refused).toEqual([
      ...['no_property_delivery_info', 'no_property_delivery_tag', 'no_di_exchange', 'no_di_routing_key'],
      ...['no_envelope_properties', 'no_envelope_body', 'envelope_not_json'],
    ]);
  });

  const taskOf = (name: string): TaskMessage => {
    const found = read.find((one) => one.name === name);
    if (found === undefined) throw new Error(`No vector ${name}`);
    return decodeTask(found.message, content);
  };

  test('what is missing has the defaults of Python', () => {
    expect(taskOf('only_task_id')).toMatchObject({
      args: [2, 3],
      kwargs: {},
      lang: 'py',
      shadow: null,
      retries: 0,
      timeLimit: null,
      softTimeLimit: null,
      rootId: null,
      parentId: null,
      argsRepr: '',
      kwargsRepr: '',
      ignoreResult: null,
      replacedTaskNesting: 0,
      stampedHeaders: null,
      stamps: {},
      headers: {},
    });
    expect(taskOf('embed_empty')).toMatchObject({ callbacks: null, errbacks: null, chain: null, chord: null });
    expect(taskOf('embed_null')).toMatchObject({ callbacks: null, errbacks: null, chain: null, chord: null });
    expect(taskOf('args_object').args).toEqual([]);
    expect(taskOf('v1_minimal')).toMatchObject({ args: [2, 3], kwargs: {} });
  });

  test('[TR-288] a hybrid takes its arguments from the body and the rest from the headers', () => {
    expect(taskOf('headers_task_but_v1_body')).toMatchObject({
      args: [2, 3],
      kwargs: {},
      task: 'wire.add',
      headers: {},
    });
  });

  test('signatures may leave out everything but the task', () => {
    expect(taskOf('callbacks_minimal').callbacks).toEqual([
      { task: 'wire.ident', args: [], kwargs: {}, options: {}, subtask_type: null, immutable: false },
    ]);
    expect(taskOf('chain_minimal').chain).toMatchObject([{ task: 'wire.ident', subtask_type: null, immutable: false }]);
  });
});

function errorOf(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return error;
  }
}
