import { codeLengths } from '../bzip2/huffman.js';
import { BackwardBitWriter } from './bit-writer.js';

/** Longer codes readers do not take (RFC 8878, 4.2.1). */
const longestCode = 11;
/** Four streams, which readers take side by side, beyond that (RFC 8878, 3.1.1.3.1.1). */
const bytesInOneStream = 1023;

/** The part of a block with the bytes that were not found before: by their frequencies, or as they are. @internal */
export function writeLiterals(literals: Uint8Array): readonly number[] {
  const coded = literals.length < 32 ? undefined : withCodes(literals);
  return coded !== undefined && coded.length < literals.length ? coded : [...header(0, literals.length), ...literals];
}

/** Undefined for bytes beyond 128, whose codes would have to be told in another way, and for a single byte. */
function withCodes(literals: Uint8Array): readonly number[] | undefined {
  const frequencies: number[] = Array.from({ length: 256 }, () => 0);
  for (const byte of literals) frequencies[byte] = (frequencies[byte] ?? 0) + 1;
  const used = [...frequencies.keys()].filter((byte) => (frequencies[byte] ?? 0) > 0);
  const last = used.at(-1) ?? 0;
  if (last > 128 || used.length < 2) return undefined;
  const lengths = codeLengths(
    used.map((byte) => frequencies[byte] ?? 0),
    longestCode,
  );
  const longest = Math.max(...lengths);
  const weights = new Uint8Array(last + 1);
  for (const [index, byte] of used.entries()) weights[byte] = longest + 1 - (lengths[index] ?? 0);
  const codes = codesOf(weights, longest);
  const streams = split(literals).map((part) => encode(part, codes, weights, longest));
  const sizes = streams.slice(0, -1).flatMap(({ length }) => [length & 0xff, length >> 8]);
  const content = [...describe(weights), ...sizes, ...streams.flat()];
  return [...codedHeader(literals.length, content.length, streams.length), ...content];
}

/** Shorter codes have larger weights; codes are given out from the longest on. */
function codesOf(weights: Uint8Array, longest: number): Uint16Array {
  const codes = new Uint16Array(weights.length);
  let place = 0;
  for (let weight = 1; weight <= longest; weight++) {
    for (const [byte, own] of weights.entries()) {
      if (own !== weight) continue;
      codes[byte] = place >> (weight - 1);
      place += 1 << (weight - 1);
    }
  }
  return codes;
}

/** Two weights a byte; that of the last one follows from the others. */
function describe(weights: Uint8Array): readonly number[] {
  const count = weights.length - 1;
  const bytes = [127 + count];
  for (let byte = 0; byte < count; byte += 2) {
    bytes.push(((weights[byte] ?? 0) << 4) | (byte + 1 < count ? (weights[byte + 1] ?? 0) : 0));
  }
  return bytes;
}

function split(literals: Uint8Array): readonly Uint8Array[] {
  if (literals.length <= bytesInOneStream) return [literals];
  const part = Math.ceil(literals.length / 4);
  return [0, 1, 2, 3].map((index) => literals.subarray(index * part, (index + 1) * part));
}

function encode(part: Uint8Array, codes: Uint16Array, weights: Uint8Array, longest: number): readonly number[] {
  const writer = new BackwardBitWriter();
  for (let index = part.length - 1; index >= 0; index--) {
    const byte = part[index] ?? 0;
    writer.write(longest + 1 - (weights[byte] ?? 0), codes[byte] ?? 0);
  }
  return writer.finish();
}

/** Type and size of literals as they are. */
function header(type: number, size: number): readonly number[] {
  if (size < 32) return [type | (size << 3)];
  if (size < 4096) return littleEndian(type | (1 << 2) | (size << 4), 2);
  return littleEndian(type | (3 << 2) | (size << 4), 3);
}

function codedHeader(size: number, coded: number, streams: number): readonly number[] {
  const [format, bits, bytes] = streams === 1 ? [0, 10, 3] : size < 16_384 && coded < 16_384 ? [2, 14, 4] : [3, 18, 5];
  return littleEndian(2 + format * 4 + size * 16 + coded * 2 ** (4 + bits), bytes);
}

/** @internal */
export function littleEndian(value: number, bytes: number): readonly number[] {
  return Array.from({ length: bytes }, (_, index) => Math.floor(value / 256 ** index) % 256);
}
