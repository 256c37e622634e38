import { types } from 'node:util';
import { EncodeError } from '../errors.js';
import type { Serializer } from './serializer.js';

/** Bytes as they are: `application/data`, which every receiver takes undecoded (kombu 5.6 serialization.py, dumps). */
export const bytesSerializer: Serializer = Object.freeze({
  name: 'bytes',
  contentType: 'application/data',
  contentEncoding: 'binary',
  encode(value: unknown): Uint8Array {
    if (types.isUint8Array(value)) return value;
    throw new EncodeError(
      `The bytes serializer takes a Uint8Array and was given a value of type ${typeof value}. Use json for data.`,
    );
  },
  decode: (bytes: Uint8Array): Uint8Array => bytes,
});
