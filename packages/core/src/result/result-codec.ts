import { type ContentCodec, DecodeError } from '@ctq/messaging';
import { isMapping, type Mapping } from '../protocol/task-fields.js';
import { formatWireTime } from '../protocol/wire-time.js';
import { decodeError, encodeError, isStoredError } from './error-document.js';
import type { ContentFormat, ExtendedResult, ResultCodec, ResultRecord, ResultTuple } from './result-record.js';
import { exceptionStates } from './states.js';

/**
 * Result documents with Celery's member names, in its order (SPEC 4.2; celery 5.6 backends/base.py, _get_result_meta and _store_result), in the given
 * serializer. Reading tolerates members that are missing; `status` is needed.
 */
export function createResultCodec(content: ContentCodec, serializer: string): ResultCodec {
  const options = { serializer };
  const { contentType, contentEncoding } = content.encode(null, options);
  const format = { contentType, contentEncoding };
  const encodeValue = (value: unknown): Uint8Array => content.encode(value, options).body;
  const decodeValue = (body: Uint8Array, labels: ContentFormat = format): unknown =>
    content.decode({ headers: {}, ...labels, body });
  return {
    isText: contentEncoding === 'utf-8',
    format,
    encode: (record) => encodeValue(encodeRecord(record)),
    decode: (bytes, labels) => decodeRecord(decodeValue(bytes, labels)),
    encodeValue,
    decodeValue: (bytes) => decodeValue(bytes),
  };
}

/** The document, before it is serialized. */
function encodeRecord(record: ResultRecord): Mapping {
  const { result } = record;
  const document: Record<string, unknown> = {
    status: record.status,
    result: exceptionStates.has(record.status) && isStoredError(result) ? encodeError(result) : result,
    traceback: record.traceback,
    children: record.children,
    date_done: record.dateDone,
  };
  if (record.groupId !== undefined) document.group_id = record.groupId;
  if (record.parentId !== undefined) document.parent_id = record.parentId;
  if (record.extended !== undefined) encodeExtended(document, record.extended);
  document.task_id = record.taskId;
  return document;
}

/** @throws DecodeError when it is no result document. */
export function decodeRecord(document: unknown): ResultRecord {
  if (!isMapping(document) || typeof document.status !== 'string') {
    throw new DecodeError('Not a result document: an object with a status is expected.');
  }
  const { status, result = null, task_id, group_id, parent_id } = document;
  return {
    taskId: typeof task_id === 'string' ? task_id : '',
    status,
    result: exceptionStates.has(status) ? decodeError(result) : result,
    traceback: typeof document.traceback === 'string' ? document.traceback : null,
    children: Array.isArray(document.children) ? (document.children as readonly ResultTuple[]) : null,
    dateDone: decodeDate(document.date_done),
    ...(typeof group_id === 'string' ? { groupId: group_id } : {}),
    ...(typeof parent_id === 'string' ? { parentId: parent_id } : {}),
    ...(typeof document.name === 'string' ? { extended: decodeExtended(document.name, document) } : {}),
  };
}

/** Members in Celery's order; each stamp is a member of its own. */
function encodeExtended(document: Record<string, unknown>, extended: ExtendedResult): void {
  document.name = extended.name;
  document.args = extended.args;
  document.kwargs = extended.kwargs;
  document.worker = extended.worker;
  document.retries = extended.retries;
  document.queue = extended.queue;
  if (extended.stampedHeaders === undefined) return;
  document.stamped_headers = extended.stampedHeaders;
  for (const name of extended.stampedHeaders) {
    // A stamp must not pose as the outcome.
    if (!Object.hasOwn(document, name)) document[name] = extended.stamps?.[name];
  }
}

function decodeExtended(name: string, document: Mapping): ExtendedResult {
  const { args, kwargs, worker, retries, queue, stamped_headers: names } = document;
  return {
    name,
    args: Array.isArray(args) ? args : [],
    kwargs: isMapping(kwargs) ? kwargs : {},
    worker: typeof worker === 'string' ? worker : '',
    retries: typeof retries === 'number' ? retries : 0,
    queue: typeof queue === 'string' ? queue : '',
    ...(Array.isArray(names) ? decodeStamps(names.map(String), document) : {}),
  };
}

function decodeStamps(names: readonly string[], document: Mapping): Pick<ExtendedResult, 'stampedHeaders' | 'stamps'> {
  return {
    stampedHeaders: names,
    stamps: Object.fromEntries(
      names.filter((name) => Object.hasOwn(document, name)).map((name) => [name, document[name]]),
    ),
  };
}

function decodeDate(date: unknown): string | null {
  if (date instanceof Date) return formatWireTime(date);
  return typeof date === 'string' ? date : null;
}
