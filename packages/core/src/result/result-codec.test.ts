import { ContentNotAcceptedError, createContentCodec, DecodeError, isSameValue, jsonSerializer } from '@ctq/messaging';
import { loadVectors } from '@ctq/wire-vectors';
import { describe, expect, test } from 'vitest';
import { Ctq } from '../app/ctq.js';
import { TaskRevokedError } from '../errors/task-errors.js';
import { saferepr } from '../protocol/args-repr.js';
import { resultFromTuple } from './async-result.js';
import { restoreGroup } from './restore-group.js';
import { rebuildError } from './stored-error.js';
import { createResultCodec } from './result-codec.js';
import type { ResultRecord, StoredError } from './result-record.js';
import { exceptionStates, readyStates, taskStates } from './states.js';

const content = createContentCodec({ accept: ['json', 'msgpack'] });
const codec = createResultCodec(content, 'json');
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const bytes = (document: string): Uint8Array => new TextEncoder().encode(document);

/** Result documents in the order in which a Python worker stored them. */
const documents = ['results.redis', 'release/results.redis', 'results_extended.redis'].flatMap((file) =>
  loadVectors(file).flatMap(({ name, raw }) => {
    const stored = [raw.stored_values_in_order ?? raw.member_metas ?? raw.stored].flat();
    return stored
      .filter((document): document is string => typeof document === 'string' && document.includes('"status"'))
      .map((document, index) => ({ title: `${file}: ${name} ${index + 1}`, document }));
  }),
);

/** Result messages of the rpc backend: the same documents. */
const messagesOf = (file: string) =>
  loadVectors(file).flatMap(({ name, raw }) =>
    (raw.result_messages as readonly { readonly body: string }[]).map(({ body }, index) => ({
      title: `${file}: ${name} ${index + 1}`,
      document: body,
    })),
  );
const messages = messagesOf('rpc_results.amqp');
/** Without a date. */
const releasedMessages = messagesOf('release/rpc_results.amqp');

const record: ResultRecord = {
  taskId: 'id',
  status: 'SUCCESS',
  result: 5,
  traceback: null,
  children: [],
  dateDone: '2026-11-21T02:45:51.135080+00:00',
};

describe('result documents of real Celery', () => {
  test('there are some of every kind', () => {
    expect(documents.length).toBeGreaterThan(60);
    expect(messages.length).toBeGreaterThan(10);
  });

  test.each([...documents, ...messages])(
    '[BK-010, BK-012, BK-013, BK-014] $title is read, and written again as it was',
    ({ document }) => {
      const found = codec.decode(bytes(document));
      const expected = jsonSerializer.parse(document) as Readonly<Record<string, unknown>>;
      expect(found).toMatchObject({
        taskId: expected.task_id,
        status: expected.status,
        traceback: expected.traceback,
        children: expected.children,
        dateDone: expected.date_done,
      });
      const again = text(codec.encode(found));
      expect(isSameValue(jsonSerializer.parse(again), expected)).toBe(true);
      expect(Object.keys(JSON.parse(again.replaceAll(/NaN|Infinity/g, '0')))).toEqual(Object.keys(expected));
      const { exc_type: excType } = Object(expected.result) as { readonly exc_type?: string };
      expect((Object(found.result) as Partial<StoredError>).excType).toBe(excType);
      expect(found.dateDone === null).toBe(!readyStates.has(found.status));
    },
  );

  test.each(releasedMessages)('[BK-010] $title is read, without a date', ({ document }) => {
    const expected = jsonSerializer.parse(document) as Readonly<Record<string, unknown>>;
    expect(codec.decode(bytes(document))).toMatchObject({
      taskId: expected.task_id,
      status: expected.status,
      traceback: expected.traceback,
      children: expected.children,
      dateDone: null,
    });
  });

  test('[TR-151] the error of a revoked task is a TaskRevokedError with its reason', () => {
    const { raw } = loadVectors('results.redis').find(({ name }) => name === 'terminated_meta') ?? {
      raw: { stored: undefined },
    };
    const { result, traceback } = codec.decode(bytes(String([raw.stored].flat().at(-1))));
    const error = rebuildError(result, traceback, 'id');
    expect(TaskRevokedError.isInstance(error) && error.reason).toBe('terminated');
  });

  test('[BK-015] documents in msgpack are read, those in formats that are not accepted are refused', () => {
    const stored = (name: string): Uint8Array => {
      const vector = loadVectors('results_extended.redis').find((one) => one.name === name);
      return Buffer.from(String(vector?.raw.stored_base64), 'base64');
    };
    const msgpack = createResultCodec(content, 'msgpack');
    expect(msgpack.decode(stored('serializer_msgpack_success'))).toMatchObject({ status: 'SUCCESS', result: 5 });
    expect(msgpack.decode(stored('serializer_msgpack_failure'))).toMatchObject({
      status: 'FAILURE',
      result: { excType: 'ValueError', excMessage: ['x'], excModule: 'builtins' },
    });
    const yaml = createResultCodec(createContentCodec({ accept: ['yaml'] }), 'yaml');
    expect(yaml.decode(stored('serializer_yaml_success'))).toMatchObject({ status: 'SUCCESS', result: 5 });
    expect(yaml.decode(stored('serializer_yaml_failure'))).toMatchObject({
      status: 'FAILURE',
      result: { excType: 'ValueError', excMessage: ['x'], excModule: 'builtins' },
    });
    for (const name of ['serializer_pickle_success', 'serializer_pickle_failure'])
      expect(() => codec.decode(stored(name))).toThrow(DecodeError);
    expect(() => createResultCodec(content, 'pickle')).toThrow(/Pickles are refused/);
  });
});

/** What Python shows of a result that it reads, and which state it is in. */
interface PythonReads {
  readonly state: string;
  readonly result_repr: string;
  readonly result_type: string;
  readonly traceback_is_none: boolean;
}

/** As Python's `repr`; Celery's own way of showing bytes is another. */
function shown(value: unknown): string {
  if (!(value instanceof Uint8Array)) return saferepr(value, 100_000);
  const characters = [...value].map((byte) =>
    byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`,
  );
  return `b'${characters.join('')}'`;
}

function classOf({ excModule, excType }: StoredError): string {
  return `${excModule}.${excType}`;
}

describe('results as Python reads them', () => {
  const reads = ['results.redis', 'release/results.redis'].flatMap((file) =>
    loadVectors(file).flatMap(({ name, raw }) => {
      // Those of its children are among them.
      const own = [raw.stored_values_in_order ?? []]
        .flat()
        .filter((document) => String(document).includes(`"task_id": "${String(raw.task_id)}"`));
      const last = own.at(-1);
      if (raw.python_reads === undefined) return [];
      return [{ title: `${file}: ${name}`, last, python: raw.python_reads as PythonReads }];
    }),
  );
  const readable = reads.filter(({ last }) => typeof last === 'string');

  test('there is one for each capture, and nothing stored where Python sees PENDING', () => {
    expect(reads.length).toBeGreaterThan(40);
    const unstored = reads.filter(({ last }) => typeof last !== 'string');
    expect(unstored.map(({ python }) => python.state)).toEqual(unstored.map(() => 'PENDING'));
  });

  test.each(readable)('[BK-013, BK-014] $title is the same here', ({ last, python }) => {
    const { status, result, traceback } = codec.decode(bytes(String(last)));
    expect(status).toBe(python.state);
    expect(traceback === null).toBe(python.traceback_is_none);
    const isError = exceptionStates.has(status);
    expect(isError ? classOf(result as StoredError) : shown(result)).toBe(
      isError ? python.result_type : python.result_repr,
    );
  });
});

describe('groups as real Celery keeps them', () => {
  const raw = (name: string) => loadVectors('results.redis').find((vector) => vector.name === name)?.raw ?? {};

  test('[BK-027, CV-153] a saved group is found with its members, and is saved as it was', async () => {
    const { group_id: id, stored } = raw('group_meta') as { readonly group_id: string; readonly stored: string };
    const { results } = new Ctq('shop', { taskAlwaysEager: true }).kernel;
    const { groups } = await results.backend();
    const { result } = JSON.parse(stored) as { readonly result: unknown };
    await groups?.saveGroup(id, result);
    const group = await restoreGroup(results, id);
    expect(group?.asTuple()).toEqual(result);
    expect([group?.id, group?.length]).toEqual([id, (raw('group_meta').member_metas as unknown[]).length]);
  });

  test('[CV-145, CV-146] the tuple of a nested group is read and made again', () => {
    const { results } = new Ctq('shop', { taskAlwaysEager: true }).kernel;
    const tuple = raw('group_as_tuple_nested');
    expect(resultFromTuple(results, tuple).asTuple()).toEqual(tuple);
  });
});

describe("rows of Celery's database backend", () => {
  const rows = ['database_backend', 'release/database_backend']
    .flatMap((file) => loadVectors(file))
    .flatMap(
      ({ raw }) =>
        (raw.rows as Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>).celery_taskmeta ?? [],
    );
  const pickled = rows.flatMap(({ result }) => {
    const { pickle_base64: base64 } = Object(result) as { readonly pickle_base64?: string };
    return base64 === undefined ? [] : [Buffer.from(base64, 'base64')];
  });

  test('[BK-086] hold pickled values: nothing of them is decoded', () => {
    expect(pickled.length).toBeGreaterThan(10);
    for (const bytes of pickled) {
      expect(() => codec.decodeValue(bytes)).toThrow(DecodeError);
      expect(() =>
        content.decode({
          body: bytes,
          contentType: 'application/x-python-serialize',
          contentEncoding: 'binary',
          headers: {},
        }),
      ).toThrow(ContentNotAcceptedError);
    }
  });

  test('[TR-162] have states that are known here', () => {
    for (const { status } of rows) expect(taskStates).toContain(status);
  });
});

describe('a result document', () => {
  test("[BK-010] has Celery's members in Celery's order", () => {
    expect(text(codec.encode({ ...record, groupId: 'g', parentId: 'p' }))).toBe(
      '{"status":"SUCCESS","result":5,"traceback":null,"children":[],"date_done":"2026-11-21T02:45:51.135080+00:00","group_id":"g","parent_id":"p","task_id":"id"}',
    );
  });

  test('[BK-012] holds the call when results are extended, each stamp as a member that hides no other', () => {
    const extended = { name: 'shop.add', args: [1], kwargs: {}, worker: 'w', retries: 1, queue: 'celery' };
    const stamped = {
      ...extended,
      stampedHeaders: ['tenant', 'status'],
      stamps: { tenant: 'blue', status: 'SUCCESS' },
    };
    const document = JSON.parse(text(codec.encode({ ...record, status: 'FAILURE', extended: stamped })));
    expect(document).toMatchObject({
      ...extended,
      status: 'FAILURE',
      stamped_headers: ['tenant', 'status'],
      tenant: 'blue',
    });
    expect(codec.decode(codec.encode({ ...record, extended })).extended).toEqual(extended);
  });

  test("[BK-014] a value that looks like an error is one only in an error's state", () => {
    const value = { excType: 'x', excMessage: [], excModule: null };
    expect(codec.decode(codec.encode({ ...record, result: value })).result).toEqual(value);
    expect(JSON.parse(text(codec.encode({ ...record, status: 'RETRY', result: value }))).result).toEqual({
      ...{ exc_type: 'x', exc_message: [], exc_module: null },
    });
  });

  test('may lack all but its status', () => {
    expect(codec.decode(bytes('{"status": "SUCCESS"}'))).toEqual({
      ...{ taskId: '', status: 'SUCCESS', result: null, traceback: null, children: null, dateDone: null },
    });
  });

  test.each(['[]', '{}', '5', '{"status": 5}', 'x', '{"result": 1}'])('%s is none', (document) => {
    expect(() => codec.decode(bytes(document))).toThrow(DecodeError);
  });
});
