import { decodeUtf8 } from '../serialization/utf8.js';

/** Python refuses to read integers with more digits (CPython 3.11 `sys.get_int_max_str_digits`, 4300), which are as many bytes. */
const maxIntegerBytes = 1786;

/** Arguments of instructions, as pickletools describes them (CPython 3.11 pickletools.py, ArgumentDescriptor). @internal */
export class PickleInput {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get length(): number {
    return this.#bytes.length;
  }

  get isAtEnd(): boolean {
    return this.#position === this.#bytes.length;
  }

  byte(): number {
    return this.#view.getUint8(this.#take(1));
  }

  uint16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }

  int32(): number {
    return this.#view.getInt32(this.#take(4), true);
  }

  uint32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  uint64(): number {
    return Number(this.#view.getBigUint64(this.#take(8), true));
  }

  float(): number {
    return this.#view.getFloat64(this.#take(8));
  }

  /** A copy. */
  bytes(count: number): Uint8Array {
    const start = this.#take(count);
    // Not slice, which of a Buffer is a view.
    return new Uint8Array(this.#bytes.subarray(start, start + count));
  }

  text(byteCount: number): string {
    const start = this.#take(byteCount);
    return decodeUtf8(this.#bytes.subarray(start, start + byteCount));
  }

  /** Up to the next line feed, each byte a character. */
  line(): string {
    const end = this.#bytes.indexOf(0x0a, this.#position);
    if (end === -1) throw new RangeError('it ends in the middle');
    const start = this.#take(end + 1 - this.#position);
    return Buffer.from(this.#bytes.buffer, this.#bytes.byteOffset + start, end - start).toString('latin1');
  }

  /** Two's complement, the lowest byte first. */
  integer(byteCount: number): number | bigint {
    if (byteCount > maxIntegerBytes) throw new RangeError('an integer that is too large');
    const digits = this.bytes(byteCount).reverse();
    if (digits.length === 0) return 0;
    return narrowed(BigInt.asIntN(byteCount * 8, BigInt(`0x${Buffer.from(digits.buffer).toString('hex')}`)));
  }

  /** Returns where it was. */
  #take(count: number): number {
    const start = this.#position;
    if (count < 0 || count > this.#bytes.length - start) throw new RangeError('it ends in the middle');
    this.#position += count;
    return start;
  }
}

/** A number where that is exact. @internal */
export function narrowed(value: bigint): number | bigint {
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}
