/**
 * What both directions of bzip2 know (bzip2 1.0.8 compress.c, decompress.c; the format has no other specification). Numbers are written
 * with their highest bit first.
 */

/** π and √π in decimal: what begins a block, and what ends a stream. @internal */
export const blockMagic = [0x314159, 0x265359] as const;
/** @internal */
export const endMagic = [0x177245, 0x385090] as const;

/** A block has that many bytes for each step of the level, 1 to 9, that the header of the stream names. @internal */
export const bytesPerLevel = 100_000;

/** After as many symbols another Huffman table may be chosen. @internal */
export const groupSize = 50;

/** Symbols: two that write lengths of runs, one for each other position in the list of recent bytes, and the end. @internal */
export const runA = 0;
/** @internal */
export const runB = 1;

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte << 24;
  for (let bit = 0; bit < 8; bit++) remainder = remainder < 0 ? (remainder << 1) ^ 0x04c11db7 : remainder << 1;
  return remainder;
});

/** CRC-32 with the highest bit first: begins with `crcStart`, ends with its complement. @internal */
export const crcStart = -1;
/** @internal */
export function nextCrc(crc: number, byte: number): number {
  return (crc << 8) ^ (table[(crc >>> 24) ^ byte] ?? 0);
}

/** The checksum of a stream is made of those of its blocks. @internal */
export function combineCrc(stream: number, block: number): number {
  return ((stream << 1) | (stream >>> 31)) ^ block;
}
