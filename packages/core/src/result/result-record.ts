import type { Message } from '@ctq/messaging';
import type { TaskState } from './states.js';

/**
 * The outcome of a task as it is stored (Celery's meta document, `../shared/wire` section 4.2 in camelCase).
 */
export interface ResultRecord {
  readonly taskId: string;
  readonly status: TaskState;
  /** The value, a {@link StoredError} for exception states, or the meta object of a custom state. */
  readonly result: unknown;
  readonly traceback: string | null;
  /** Tuples of the results of tasks that this one sent; null when unknown. */
  readonly children: readonly ResultTuple[] | null;
  /** ISO instant in UTC, null before a ready state. */
  readonly dateDone: string | null;
  readonly groupId?: string;
  readonly parentId?: string;
  /** Present with `resultExtended`. */
  readonly extended?: ExtendedResult;
}

/** An outcome on its way to the result backend. */
export interface RecordToStore extends ResultRecord {
  /**
   * The address of whoever sent the call, for backends whose results travel there (`readers: 'sender'`); absent where nobody is to be told. No part of the
   * document: other backends leave it out.
   */
  readonly replyTo?: string;
}

export interface ExtendedResult {
  readonly name: string;
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
  readonly worker: string;
  readonly retries: number;
  /** The routing key of the delivery, as Celery stores it. */
  readonly queue: string;
  readonly stampedHeaders?: readonly string[];
  readonly stamps?: Readonly<Record<string, unknown>>;
}

/** `[[id, parent], children]`: children is null for a task, a list for a group (celery 5.6 result.py, as_tuple). */
export type ResultTuple = readonly [readonly [id: string, parent: ResultTuple | null], readonly ResultTuple[] | null];

/** An error in a result document: names as Python knows them, never looked up as code here (celery 5.6 backends/base.py, prepare_exception). */
export interface StoredError {
  readonly excType: string;
  readonly excMessage: readonly unknown[];
  readonly excModule: string | null;
  /** What only ctq knows of it; Python reads past it. Present for errors that ctq stored. */
  readonly own?: OwnError;
}

/** What a JavaScript error has beyond Python's three members. */
export interface OwnError {
  /** Its class where it was thrown; looked up among JavaScript's own and those that the app lists. */
  readonly className: string;
  /** Own members that are plain data: of errors of listed classes all of them, of others name and code. */
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly cause?: NestedError;
  /** Of an `AggregateError`. */
  readonly errors?: readonly NestedError[];
}

/** An error inside of another one, with its stack. */
export interface NestedError extends StoredError {
  readonly traceback: string | null;
}

/**
 * Result records to bytes and back in the app's result serializer, Celery's member names on the wire. Lent to backends that keep
 * documents.
 */
export interface ResultCodec {
  /** Whether documents are UTF-8 text, for stores that write text with less effort than bytes. */
  readonly isText: boolean;
  /** What documents are labelled with where they travel as messages. */
  readonly format: ContentFormat;
  encode(record: ResultRecord): Uint8Array;
  /**
   * @param format of a document that says itself what it is in, which any program may have chosen. Default: what this codec writes.
   * @throws DecodeError for bytes that are no result document, ContentNotAcceptedError for a format that results may not be in.
   */
  decode(bytes: Uint8Array, format?: ContentFormat): ResultRecord;
  encodeValue(value: unknown): Uint8Array;
  decodeValue(bytes: Uint8Array): unknown;
}

/** How the bytes of a document are to be read: labels of a message. */
export type ContentFormat = Pick<Message, 'contentType' | 'contentEncoding'> & Partial<Pick<Message, 'headers'>>;
