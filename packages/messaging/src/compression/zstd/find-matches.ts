/** Literals, and then a text that was there before. @internal */
export interface Match {
  /** How many bytes stand before it since the last one. */
  readonly literals: number;
  readonly length: number;
  readonly distance: number;
}

/** How far back a match may be, which is what readers have to keep. @internal */
export const windowBytes: number = 1024 * 1024;
const shortestMatch = 4;
/** More of them make it smaller and slower. */
const candidatesTried = 16;

/** Finds what is repeated, block by block; one object for one body. @internal */
export class MatchFinder {
  readonly #bytes: Uint8Array;
  readonly #hashBits: number;
  /** The last place with a hash, and the one before it for each place of the window. */
  readonly #latest: Int32Array;
  readonly #earlier: Int32Array;
  readonly #mask: number;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#hashBits = Math.min(18, Math.max(8, 32 - Math.clz32(bytes.length)));
    this.#latest = new Int32Array(2 ** this.#hashBits).fill(-1);
    const places = Math.min(windowBytes, 2 ** (32 - Math.clz32(bytes.length)));
    this.#earlier = new Int32Array(places);
    this.#mask = places - 1;
  }

  find(start: number, end: number): readonly Match[] {
    const matches: Match[] = [];
    let literalStart = start;
    for (let position = start; position <= end - shortestMatch; ) {
      const { length, distance } = this.#longest(position, end);
      if (length === 0) {
        this.#remember(position);
        position += 1;
        continue;
      }
      matches.push({ literals: position - literalStart, length, distance });
      for (const last = position + length; position < last; position++) this.#remember(position);
      literalStart = position;
    }
    return matches;
  }

  #longest(position: number, end: number): { readonly length: number; readonly distance: number } {
    const bytes = this.#bytes;
    let length = shortestMatch - 1;
    let distance = 0;
    let candidate = this.#latest[this.#hash(position)] ?? -1;
    for (let tries = 0; tries < candidatesTried && candidate >= 0 && position - candidate < windowBytes; tries++) {
      if (bytes[candidate + length] === bytes[position + length]) {
        let same = 0;
        while (position + same < end && bytes[candidate + same] === bytes[position + same]) same += 1;
        if (same > length) [length, distance] = [same, position - candidate];
        if (position + length >= end) break;
      }
      const earlier = this.#earlier[candidate & this.#mask] ?? -1;
      if (earlier >= candidate) break;
      candidate = earlier;
    }
    return distance === 0 ? { length: 0, distance } : { length, distance };
  }

  #remember(position: number): void {
    if (position > this.#bytes.length - shortestMatch) return;
    const hash = this.#hash(position);
    this.#earlier[position & this.#mask] = this.#latest[hash] ?? -1;
    this.#latest[hash] = position;
  }

  #hash(position: number): number {
    const bytes = this.#bytes;
    const low = (bytes[position] ?? 0) | ((bytes[position + 1] ?? 0) << 8);
    const high = (bytes[position + 2] ?? 0) | ((bytes[position + 3] ?? 0) << 8);
    return Math.imul(low | (high << 16), 0x9e37_79b1) >>> (32 - this.#hashBits);
  }
}
