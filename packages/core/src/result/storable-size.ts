import { EncodeError } from '@ctq/messaging';
import { ResultTooLargeError } from '../errors/result-errors.js';
import type { ResultCodec, ResultRecord } from './result-record.js';

/** JSON writes a character as six at most (`\u001f`), UTF-8 as three bytes. */
const mostBytesPerCharacter = 6;

/** What may be stored: values that the serializer takes, up to a size. Scalars are not serialized to find out. */
export class StorableSize {
  readonly #codec: ResultCodec;
  readonly #maxBytes: number;

  constructor(codec: ResultCodec, maxBytes: number = Number.POSITIVE_INFINITY) {
    this.#codec = codec;
    this.#maxBytes = maxBytes;
  }

  /** @throws EncodeError, ResultTooLargeError. */
  assertFits(value: unknown): void {
    if (!this.#isMeasured(value)) return;
    if (typeof value === 'string' && value.length > this.#maxBytes)
      throw new ResultTooLargeError(value.length, this.#maxBytes);
    const bytes = this.#measure(value);
    if (bytes > this.#maxBytes) throw new ResultTooLargeError(bytes, this.#maxBytes);
  }

  /** The codec has a limit too, somewhat higher. */
  #measure(value: unknown): number {
    try {
      return this.#codec.encodeValue(value).length;
    } catch (error) {
      if (EncodeError.isInstance(error) && typeof error.details.size === 'number') return error.details.size;
      throw error;
    }
  }

  /** Of a record whose value fits: nothing else in it is large but the call of an extended one, and a stack. */
  fits(record: ResultRecord): boolean {
    const { extended, traceback } = record;
    if (extended === undefined && !this.#isMeasured(traceback)) return true;
    return this.#measure({ ...extended, traceback }) <= this.#maxBytes;
  }

  #isMeasured(value: unknown): boolean {
    if (typeof value === 'string') return value.length * mostBytesPerCharacter > this.#maxBytes;
    return (typeof value === 'object' && value !== null) || typeof value === 'function' || typeof value === 'symbol';
  }
}
