import { EncodeError } from '../errors.js';
import type { Serializer } from './serializer.js';
import { decodeUtf8, hasLoneSurrogate } from './utf8.js';

/** Strings as they are: `text/plain` in UTF-8 (kombu 5.6 serialization.py, dumps). */
export const textSerializer: Serializer = Object.freeze({
  name: 'text',
  contentType: 'text/plain',
  contentEncoding: 'utf-8',
  encode(value: unknown): Uint8Array {
    if (typeof value !== 'string') {
      throw new EncodeError(
        `The text serializer takes a string and was given a value of type ${typeof value}. Use json for data.`,
      );
    }
    if (hasLoneSurrogate(value)) {
      throw new EncodeError(
        'The string holds half of a surrogate pair, which has no UTF-8 form: use value.toWellFormed() or json.',
      );
    }
    return Buffer.from(value);
  },
  decode: decodeUtf8,
});
