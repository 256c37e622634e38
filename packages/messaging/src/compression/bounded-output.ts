import { unpacksToTooMuch } from './refusals.js';

/** Where a decompressor writes to: grows with what is written, never beyond the limit. @internal */
export class BoundedOutput {
  readonly #compressedBytes: number;
  readonly #maxBytes: number;
  #bytes: Uint8Array;
  #length = 0;

  constructor(compressedBytes: number, maxBytes: number) {
    this.#compressedBytes = compressedBytes;
    this.#maxBytes = Math.max(0, Math.floor(maxBytes));
    this.#bytes = new Uint8Array(Math.min(this.#maxBytes, Math.max(1024, compressedBytes * 4)));
  }

  /** @throws BodyTooLargeError */
  write(chunk: Uint8Array): void {
    this.#reserve(chunk.length);
    this.#bytes.set(chunk, this.#length);
    this.#length += chunk.length;
  }

  /** One byte a number of times. @throws BodyTooLargeError */
  fill(byte: number, count: number): void {
    this.#reserve(count);
    this.#bytes.fill(byte, this.#length, this.#length + count);
    this.#length += count;
  }

  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#bytes.length) return;
    if (needed > this.#maxBytes) throw unpacksToTooMuch(this.#compressedBytes, this.#maxBytes);
    const larger = new Uint8Array(Math.min(this.#maxBytes, Math.max(needed, this.#bytes.length * 2)));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }
}
