/** Bits from the lowest up, in a stream that is read from its end: what is written last is read first (RFC 8878, 4.1). @internal */
export class BackwardBitWriter {
  readonly #bytes: number[] = [];
  #held = 0;
  #heldBits = 0;

  /** Up to 24 bits. */
  write(count: number, bits: number): void {
    this.#held |= bits << this.#heldBits;
    this.#heldBits += count;
    while (this.#heldBits >= 8) {
      this.#bytes.push(this.#held & 0xff);
      this.#held >>>= 8;
      this.#heldBits -= 8;
    }
  }

  /** A last bit tells the reader where the stream begins. */
  finish(): readonly number[] {
    this.write(1, 1);
    if (this.#heldBits > 0) this.#bytes.push(this.#held);
    return this.#bytes;
  }
}
