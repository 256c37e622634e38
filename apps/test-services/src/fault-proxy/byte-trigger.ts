/** What is looked for in a stream: a piece of it, or whatever a function recognises in what was last seen of it. */
export type Bytes = string | Buffer | ((seen: Buffer) => boolean);

/** How much of what went before a function is shown again: something that it looks for may come in two pieces. */
const rememberedBytes = 1_024;

/** Looks for bytes in a stream that comes in pieces. */
export class ByteTrigger {
  readonly #sees: (seen: Buffer) => boolean;
  readonly #remembered: number;
  #tail: Buffer = Buffer.alloc(0);

  constructor(bytes: Bytes) {
    if (typeof bytes === 'function') {
      this.#sees = bytes;
      this.#remembered = rememberedBytes;
    } else {
      this.#sees = (seen) => seen.includes(bytes);
      // One less than the whole: what was found once is not found again.
      this.#remembered = Math.max(Buffer.byteLength(bytes) - 1, 0);
    }
  }

  isIn(chunk: Buffer): boolean {
    const seen = Buffer.concat([this.#tail, chunk]);
    this.#tail = seen.subarray(Math.max(seen.length - this.#remembered, 0));
    return this.#sees(seen);
  }
}
