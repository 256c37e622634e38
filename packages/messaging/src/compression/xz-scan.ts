/** One stream of an xz file, and how large its content is. */
export interface XzStream {
  readonly start: number;
  readonly end: number;
  readonly unpackedBytes: number;
}

const headerBytes = 12;
const lzma2 = 0x21;
/** What Python's highest preset asks a reader to keep at hand. Python's default asks for 8 MiB. */
const largestDictionary = 64 * 1024 * 1024;
/** Bytes of a check by its number (xz file format 1.2.1, 2.1.1.2). */
const checkBytes = [0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64];

/**
 * How much xz unpacks to, without unpacking: LZMA2 says before each of its chunks, of at most 2 MiB, how much comes out of it, and a
 * decoder gives exactly that or fails. (The sizes in the index, which decoders compare only at the end, prove nothing.) So a decoder that
 * has no limit of its own can be used for what strangers wrote.
 *
 * @throws RangeError for what is not a complete xz file, and for filters beside LZMA2 and dictionaries beyond 64 MiB, which Python's
 *   `lzma.compress` does not use unless it is told to (xz file format 1.2.1; liblzma 5.4 lzma2_decoder.c). @internal
 */
export function scanXz(bytes: Uint8Array): readonly XzStream[] {
  const reader = new XzReader(bytes);
  const streams: XzStream[] = [];
  do streams.push(reader.stream());
  while (!reader.isAtEnd());
  return streams;
}

class XzReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Between streams there may be zeros, four at a time. */
  isAtEnd(): boolean {
    while (this.#position < this.#bytes.length && this.#peek() === 0) this.#skip(4);
    return this.#position >= this.#bytes.length;
  }

  stream(): XzStream {
    const start = this.#position;
    this.#expect([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00, 0x00]);
    const check = checkBytes[this.#byte()];
    if (check === undefined) throw new RangeError('a check that is not known');
    this.#position = start;
    this.#skip(headerBytes);
    let unpackedBytes = 0;
    while (this.#bytes[this.#position] !== 0) unpackedBytes += this.#block(check);
    this.#index();
    // Checksum, size of the index and flags; then the magic of the footer.
    this.#skip(10);
    this.#expect([0x59, 0x5a]);
    return { start, end: this.#position, unpackedBytes };
  }

  #block(check: number): number {
    const start = this.#position;
    this.#blockHeader();
    let unpackedBytes = 0;
    for (let control = this.#byte(); control !== 0; control = this.#byte()) {
      if (control > 2 && control < 0x80) throw new RangeError('a chunk of an unknown kind');
      const size = this.#short() + 1;
      if (control <= 2) {
        unpackedBytes += size;
        this.#skip(size);
      } else {
        unpackedBytes += ((control & 0x1f) << 16) + size;
        const packed = this.#short() + 1;
        this.#skip(packed + (control >= 0xc0 ? 1 : 0));
      }
    }
    this.#skip(-(this.#position - start) & 3);
    this.#skip(check);
    return unpackedBytes;
  }

  #blockHeader(): void {
    const end = this.#position + (this.#byte() + 1) * 4;
    const flags = this.#byte();
    if ((flags & 0x3f) !== 0) throw new RangeError('filters beside LZMA2');
    if ((flags & 0x40) !== 0) this.#number();
    if ((flags & 0x80) !== 0) this.#number();
    if (this.#number() !== lzma2 || this.#number() !== 1) throw new RangeError('filters beside LZMA2');
    const bits = this.#byte();
    const dictionary = bits >= 40 ? Number.POSITIVE_INFINITY : (2 | (bits & 1)) * 2 ** (Math.floor(bits / 2) + 11);
    if (dictionary > largestDictionary) throw new RangeError(`a dictionary of more than ${largestDictionary} bytes`);
    this.#skip(end - this.#position);
  }

  #index(): void {
    const start = this.#position;
    this.#skip(1);
    // Two numbers for each block.
    for (let left = this.#number() * 2; left > 0; left--) this.#number();
    this.#skip(-(this.#position - start) & 3);
    this.#skip(4);
  }

  /** 7 bits a byte, the lowest first. */
  #number(): number {
    let number = 0;
    for (let shift = 0; shift < 63; shift += 7) {
      const byte = this.#byte();
      number += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return number;
    }
    throw new RangeError('a number without an end');
  }

  #byte(): number {
    return this.#view.getUint8(this.#skip(1));
  }

  #short(): number {
    return this.#view.getUint16(this.#skip(2));
  }

  #expect(magic: readonly number[]): void {
    for (const byte of magic) {
      if (this.#byte() !== byte) throw new RangeError('no xz file');
    }
  }

  /** Returns where it was. */
  #skip(count: number): number {
    const start = this.#position;
    if (count < 0 || count > this.#bytes.length - start) throw new RangeError('it ends in the middle');
    this.#position += count;
    return start;
  }

  #peek(): number {
    const start = this.#skip(4);
    this.#position = start;
    return this.#view.getUint32(start);
  }
}
