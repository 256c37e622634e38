import type { BitReader } from './bit-reader.js';

/** The longest code that is written, as bzip2 does; 20 may be read. @internal */
export const longestWritten = 17;
/** @internal */
export const longestRead = 20;

/** The code of each symbol, from the lengths alone: shorter ones first, equal ones by symbol. @internal */
export function codesOf(lengths: readonly number[]): readonly number[] {
  const codes: number[] = lengths.map(() => 0);
  let code = 0;
  for (let length = 1; length <= longestRead; length++) {
    for (const [symbol, own] of lengths.entries()) {
      if (own === length) codes[symbol] = code++;
    }
    code *= 2;
  }
  return codes;
}

/** Lengths of codes for symbols of these frequencies, all of them given one, none longer than `longest`. @internal */
export function codeLengths(frequencies: readonly number[], longest: number): readonly number[] {
  let weights = frequencies.map((frequency) => Math.max(1, frequency));
  for (;;) {
    const lengths = depthsOf(weights);
    if (Math.max(...lengths) <= longest) return lengths;
    // As bzip2 does: flatter weights make shorter codes.
    weights = weights.map((weight) => (weight >> 1) + 1);
  }
}

function depthsOf(weights: readonly number[]): readonly number[] {
  interface Node {
    readonly weight: number;
    readonly members: readonly number[];
  }
  const depths: number[] = weights.map(() => 0);
  const nodes: Node[] = weights.map((weight, symbol) => ({ weight, members: [symbol] }));
  nodes.sort((a, b) => b.weight - a.weight);
  while (nodes.length > 1) {
    const [one, other] = [nodes.pop(), nodes.pop()];
    if (one === undefined || other === undefined) break;
    const joined = { weight: one.weight + other.weight, members: [...one.members, ...other.members] };
    for (const symbol of joined.members) depths[symbol] = (depths[symbol] ?? 0) + 1;
    let place = nodes.length;
    while (place > 0 && (nodes[place - 1]?.weight ?? 0) < joined.weight) place -= 1;
    nodes.splice(place, 0, joined);
  }
  return depths;
}

/** Reads symbols by the lengths of their codes. @internal */
export class HuffmanTable {
  /** For each length the first code, the number of codes, and where its symbols begin in `#symbols`. */
  readonly #first = new Int32Array(longestRead + 1);
  readonly #count = new Int32Array(longestRead + 1);
  readonly #start = new Int32Array(longestRead + 1);
  readonly #symbols: readonly number[];

  constructor(lengths: readonly number[]) {
    const symbols: number[] = [];
    let code = 0;
    for (let length = 1; length <= longestRead; length++) {
      this.#first[length] = code;
      this.#start[length] = symbols.length;
      for (const [symbol, own] of lengths.entries()) {
        if (own === length) symbols.push(symbol);
      }
      this.#count[length] = symbols.length - (this.#start[length] ?? 0);
      code = (code + (this.#count[length] ?? 0)) * 2;
    }
    this.#symbols = symbols;
  }

  /** @throws RangeError for bits that are no code, and at the end of the bytes. */
  read(bits: BitReader): number {
    let code = 0;
    for (let length = 1; length <= longestRead; length++) {
      code = code * 2 + bits.read(1);
      const index = code - (this.#first[length] ?? 0);
      if (index >= 0 && index < (this.#count[length] ?? 0))
        return this.#symbols[(this.#start[length] ?? 0) + index] ?? 0;
    }
    throw new RangeError('a code that stands for nothing');
  }
}
