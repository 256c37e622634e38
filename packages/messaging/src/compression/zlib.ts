import { deflateSync, unzipSync } from 'node:zlib';
import { isNoStream, unpacksToTooMuch } from './refusals.js';

/** A zlib stream, as Python's `zlib.compress` makes it. @internal */
export function deflate(bytes: Uint8Array): Uint8Array {
  return deflateSync(bytes);
}

/**
 * Reads a zlib stream or a gzip stream, whichever it is. Inflating stops at the first chunk (16 KiB) beyond `maxBytes`.
 *
 * @throws BodyTooLargeError, DecodeError @internal
 */
export function inflate(bytes: Uint8Array, maxBytes: number): Uint8Array {
  return unpackWithin(unzipSync, 'zlib or gzip', bytes, maxBytes);
}

/** @throws BodyTooLargeError, DecodeError @internal */
export function unpackWithin(
  unpack: (bytes: Uint8Array, limit: { readonly maxOutputLength: number }) => Uint8Array,
  format: string,
  bytes: Uint8Array,
  maxBytes: number,
): Uint8Array {
  try {
    return unpack(bytes, { maxOutputLength: Math.max(1, Math.floor(maxBytes)) });
  } catch (cause) {
    throw isTooLarge(cause) ? unpacksToTooMuch(bytes.length, maxBytes, cause) : isNoStream(format, cause);
  }
}

function isTooLarge(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE';
}
