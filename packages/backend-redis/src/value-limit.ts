import { BackendStoreError, type ResultCodec, type ResultRecord, type StoredError } from '@ctq/core/backend';

/** What a text may hold (redis.io, data types; celery 5.6 backends/redis.py, _MAX_STR_VALUE_SIZE). */
export const largestValueBytes = 536_870_912;

/**
 * The document of an outcome. One that Redis would not take is stored as the failure that it is, so that the outcomes that are stored with it in one write
 * are not lost for it.
 * @throws BackendStoreError for what is too large and no outcome, but a state on the way.
 */
export function storableDocument(
  codec: ResultCodec,
  record: ResultRecord,
  limit: number = largestValueBytes,
): Buffer | string {
  const document = codec.encode(record);
  if (document.length <= limit) return sendable(codec, document);
  const error = new BackendStoreError(
    `The result of task ${record.taskId} is too large for Redis: ${document.length} bytes, of ${limit} at most.`,
    { recoverable: false },
  );
  if (record.dateDone === null) throw error;
  const { extended: _, ...rest } = record;
  const result: StoredError = {
    excType: 'BackendStoreError',
    excMessage: [error.message],
    excModule: 'celery.exceptions',
  };
  return sendable(codec, codec.encode({ ...rest, status: 'FAILURE', result, traceback: null, children: null }));
}

/** Text as text: the client takes much longer over a command with bytes in it. */
function sendable({ isText }: ResultCodec, { buffer, byteOffset, byteLength }: Uint8Array): Buffer | string {
  const bytes = Buffer.from(buffer, byteOffset, byteLength);
  return isText ? bytes.toString() : bytes;
}
