import type { ResultBackend, ResultCodec, ResultRecord } from '@ctq/core/backend';
import { type Clock, silentLogger, systemClock } from '@ctq/runtime';
import { onTestFinished } from 'vitest';
import { sqliteBackend } from '../src/sqlite-backend.js';

const encode = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));
const decode = (bytes: Uint8Array): unknown => JSON.parse(Buffer.from(bytes).toString());

/** JSON without Celery's names: what is in a document is nothing to a backend. */
export const codec: ResultCodec = {
  isText: true,
  format: { contentType: 'application/json', contentEncoding: 'utf-8' },
  encode,
  decode: (bytes) => decode(bytes) as ResultRecord,
  encodeValue: encode,
  decodeValue: decode,
};

/** An open backend, closed with the test. */
export async function openBackend(
  path: string,
  options: { readonly clock?: Clock; readonly expiresMs?: number } = {},
): Promise<ResultBackend> {
  const backend = sqliteBackend({ path });
  onTestFinished(() => backend.close());
  const { clock = systemClock, expiresMs } = options;
  await backend.open({ clock, logger: silentLogger, codec, expiresMs }, new AbortController().signal);
  return backend;
}

export function success(taskId: string, result: unknown = null): ResultRecord {
  return { taskId, status: 'SUCCESS', result, traceback: null, children: [], dateDone: null };
}
