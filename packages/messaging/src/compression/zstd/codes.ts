/** Codes of lengths and distances: a code, and how many bits with how much beyond its baseline follow (RFC 8878, 3.1.1.3.2.1.1). */

/** @internal */
export interface Coded {
  readonly code: number;
  readonly bits: number;
  readonly rest: number;
}

class CodeTable {
  readonly #baselines: readonly number[];
  readonly #bits: readonly number[];

  /** The first codes stand for one value each, from `smallest` on. */
  constructor(smallest: number, direct: number, bits: readonly number[]) {
    this.#bits = [...Array.from({ length: direct }, () => 0), ...bits];
    let next = smallest;
    this.#baselines = this.#bits.map((count) => {
      next += 2 ** count;
      return next - 2 ** count;
    });
  }

  code(value: number): Coded {
    let code = this.#baselines.length - 1;
    while ((this.#baselines[code] ?? 0) > value) code -= 1;
    return { code, bits: this.#bits[code] ?? 0, rest: value - (this.#baselines[code] ?? 0) };
  }
}

/** How many literals stand before a match. @internal */
export const literalLengths: CodeTable = new CodeTable(
  0,
  16,
  [1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
);
/** @internal */
export const matchLengths: CodeTable = new CodeTable(
  3,
  32,
  [1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
);

/** Distances begin behind the three values that stand for one of the last ones. @internal */
export function codeOfDistance(distance: number): Coded {
  const value = distance + 3;
  const code = 31 - Math.clz32(value);
  return { code, bits: code, rest: value - 2 ** code };
}
