import type { BackwardBitWriter } from './bit-writer.js';

/**
 * Finite state entropy with the tables that need not be sent (RFC 8878, 4.1 and 3.1.1.3.2.2; built as zstd 1.5 fse_compress.c,
 * FSE_buildCTable_wksp, does).
 *
 * @internal
 */
export class FseTable {
  readonly accuracyLog: number;
  /** States in the order of their symbols. */
  readonly #states: Uint16Array;
  readonly #bitDeltas: readonly number[];
  readonly #stateDeltas: readonly number[];

  /** Probabilities in parts of 2^accuracyLog; -1 is less than one part. */
  constructor(accuracyLog: number, probabilities: readonly number[]) {
    this.accuracyLog = accuracyLog;
    const size = 2 ** accuracyLog;
    const starts: number[] = [];
    const bitDeltas: number[] = [];
    const stateDeltas: number[] = [];
    let total = 0;
    for (const probability of probabilities) {
      const parts = Math.abs(probability);
      starts.push(total);
      const bits = parts === 1 ? accuracyLog : accuracyLog - (31 - Math.clz32(parts - 1));
      bitDeltas.push((bits << 16) - (parts << bits));
      stateDeltas.push(total - parts);
      total += parts;
    }
    this.#bitDeltas = bitDeltas;
    this.#stateDeltas = stateDeltas;
    this.#states = new Uint16Array(size);
    for (const [index, symbol] of spread(size, probabilities).entries()) {
      const place = starts[symbol] ?? 0;
      this.#states[place] = size + index;
      starts[symbol] = place + 1;
    }
  }

  /** The state from which a reader, coming from the other end, leaves with this symbol. */
  begin(symbol: number): number {
    const bits = ((this.#bitDeltas[symbol] ?? 0) + (1 << 15)) >> 16;
    const value = (bits << 16) - (this.#bitDeltas[symbol] ?? 0);
    return this.#states[(value >> bits) + (this.#stateDeltas[symbol] ?? 0)] ?? 0;
  }

  next(state: number, symbol: number, writer: BackwardBitWriter): number {
    const bits = (state + (this.#bitDeltas[symbol] ?? 0)) >> 16;
    writer.write(bits, state & ((1 << bits) - 1));
    return this.#states[(state >> bits) + (this.#stateDeltas[symbol] ?? 0)] ?? 0;
  }

  end(state: number, writer: BackwardBitWriter): void {
    writer.write(this.accuracyLog, state & (2 ** this.accuracyLog - 1));
  }
}

/** Which symbol each state stands for: the rarest ones at the end, the others all over the rest. */
function spread(size: number, probabilities: readonly number[]): Uint8Array {
  const symbols = new Uint8Array(size);
  let end = size;
  for (const [symbol, probability] of probabilities.entries()) {
    if (probability === -1) symbols[--end] = symbol;
  }
  const step = (size >> 1) + (size >> 3) + 3;
  let place = 0;
  for (const [symbol, probability] of probabilities.entries()) {
    for (let count = 0; count < probability; count++) {
      symbols[place] = symbol;
      do place = (place + step) % size;
      while (place >= end);
    }
  }
  return symbols;
}

const ones = (count: number): readonly number[] => Array.from({ length: count }, () => 1);
const rare = (count: number): readonly number[] => Array.from({ length: count }, () => -1);
const twos = (count: number): readonly number[] => Array.from({ length: count }, () => 2);

/** @internal */
export const literalLengthTable: FseTable = new FseTable(6, [
  4,
  3,
  ...twos(11),
  ...ones(3),
  ...twos(9),
  3,
  2,
  ...ones(5),
  ...rare(4),
]);
/** @internal */
export const matchLengthTable: FseTable = new FseTable(6, [1, 4, 3, ...twos(6), ...ones(37), ...rare(7)]);
/** @internal */
export const distanceTable: FseTable = new FseTable(5, [...ones(6), ...twos(3), ...ones(15), ...rare(5)]);
