/** Bits of a byte array, highest first. @internal */
export class BitReader {
  readonly #bytes: Uint8Array;
  #position = 0;
  #held = 0;
  #heldBits = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#position >= this.#bytes.length;
  }

  /** 1 to 24 bits. @throws RangeError at the end of the bytes. */
  read(count: number): number {
    while (this.#heldBits < count) {
      const byte = this.#bytes[this.#position];
      if (byte === undefined) throw new RangeError('it ends in the middle');
      this.#position += 1;
      this.#held = ((this.#held << 8) | byte) & 0x7fff_ffff;
      this.#heldBits += 8;
    }
    this.#heldBits -= count;
    return (this.#held >>> this.#heldBits) & ((1 << count) - 1);
  }

  /** 32 bits, as the number that `|` makes of them. */
  readInt32(): number {
    const high = this.read(16);
    return (high << 16) | this.read(16);
  }

  /** What is left of a byte that was begun is skipped. */
  toNextByte(): void {
    this.#heldBits = 0;
  }
}
