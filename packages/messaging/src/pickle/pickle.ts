import { CtqError, toError } from '@ctq/runtime';
import { DecodeError, EncodeError } from '../errors.js';
import type { Serializer } from '../serialization/serializer.js';
import { readPickle } from './read-pickle.js';

/**
 * Reads Python's pickles (protocols 0 to 5) as far as they hold plain data, for programs that take over from Python ones which cannot be
 * changed any more. Give it to the app and name `pickle` in `acceptContent`; without both pickles are refused.
 *
 * In Python a pickle is a program that whoever reads it runs. Here nothing is run and nothing is looked up: the names of a few types of
 * data are known, each with what becomes of it, and every other name, and every instruction that would build an object, is a `DecodeError`.
 *
 * - None, bool, int, float, str, bytes and bytearray, list and tuple (arrays), dict (keys become texts as in JSON), set and frozenset (a
 *   `Set`), datetime, date, time, Decimal and UUID. datetimes with a fixed offset only.
 * - Not read: exceptions and other objects, timedelta, `zoneinfo`, circular structures, keys that are tuples or bytes.
 *
 * It does not write pickles: that would make its receivers accept them, and in Python accepting them is to run what anybody who
 * reaches the broker sends.
 */
export function createPickleReader(): Serializer {
  return Object.freeze({
    name: 'pickle',
    contentType: 'application/x-python-serialize',
    contentEncoding: 'binary',
    encode(): never {
      throw new EncodeError(
        'ctq reads pickles and does not write them: receivers would have to accept what runs code. Use json, msgpack or yaml.',
      );
    },
    decode(bytes: Uint8Array): unknown {
      try {
        return readPickle(bytes);
      } catch (cause) {
        if (CtqError.isInstance(cause)) throw cause;
        throw new DecodeError(`The content is not a pickle of plain data: ${toError(cause).message}.`, { cause });
      }
    },
  });
}
