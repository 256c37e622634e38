import { BoundedOutput } from '../bounded-output.js';
import { BitReader } from './bit-reader.js';
import { blockMagic, bytesPerLevel, combineCrc, crcStart, endMagic, groupSize, nextCrc, runA, runB } from './format.js';
import { HuffmanTable, longestRead } from './huffman.js';

/**
 * Reads bzip2, also several streams after one another, as Python's `bz2.decompress` does.
 *
 * @throws BodyTooLargeError for more than `maxBytes`; RangeError for what is not bzip2. @internal
 */
export function decompressBzip2(bytes: Uint8Array, maxBytes: number): Uint8Array {
  const bits = new BitReader(bytes);
  const output = new BoundedOutput(bytes.length, maxBytes);
  do readStream(bits, output);
  while (!bits.isAtEnd);
  return output.finish();
}

function readStream(bits: BitReader, output: BoundedOutput): void {
  const level = readHeader(bits);
  // One for all blocks: 4 bytes for each byte of a block.
  const block = new Uint32Array(level * bytesPerLevel);
  let streamCrc = 0;
  for (;;) {
    const magic = [bits.read(24), bits.read(24)] as const;
    const crc = bits.readInt32();
    if (isSame(magic, endMagic)) {
      if (crc !== streamCrc) throw new RangeError('the checksum of the stream is wrong');
      bits.toNextByte();
      return;
    }
    if (!isSame(magic, blockMagic)) throw new RangeError('neither a block nor the end of the stream');
    if (readBlock(bits, block, output) !== crc) throw new RangeError('the checksum of a block is wrong');
    streamCrc = combineCrc(streamCrc, crc);
  }
}

function readHeader(bits: BitReader): number {
  const [B, Z, h, level] = [bits.read(8), bits.read(8), bits.read(8), bits.read(8) - 0x30];
  if (B !== 0x42 || Z !== 0x5a || h !== 0x68 || level < 1 || level > 9) throw new RangeError('no header of bzip2');
  return level;
}

/** Returns the checksum of what it wrote. */
function readBlock(bits: BitReader, block: Uint32Array, output: BoundedOutput): number {
  if (bits.read(1) === 1) throw new RangeError('a randomised block, which bzip2 has not written since 1999');
  const origin = bits.read(24);
  const recent = readBytesInUse(bits);
  const tableCount = bits.read(3);
  const selectorCount = bits.read(15);
  if (tableCount < 2 || tableCount > 6 || selectorCount < 1) throw new RangeError('no Huffman tables');
  const selectors = readSelectors(bits, selectorCount, tableCount);
  const tables = Array.from({ length: tableCount }, () => readTable(bits, recent.length + 2));
  const counts = new Uint32Array(256);
  const length = readSymbols(bits, { block, counts, recent, selectors, tables });
  if (origin >= length) throw new RangeError('the block begins outside of itself');
  return unsort(block.subarray(0, length), counts, origin, output);
}

/** Which bytes there are in the block: 16 bits for as many sixteenths of them, then 16 for each that is not empty. */
function readBytesInUse(bits: BitReader): number[] {
  const parts = bits.read(16);
  const inUse: number[] = [];
  for (let part = 0; part < 16; part++) {
    if ((parts & (0x8000 >> part)) === 0) continue;
    const members = bits.read(16);
    for (let member = 0; member < 16; member++) {
      if ((members & (0x8000 >> member)) !== 0) inUse.push(part * 16 + member);
    }
  }
  if (inUse.length === 0) throw new RangeError('a block without bytes');
  return inUse;
}

/** The table of each group, as its position in the list of those used last. */
function readSelectors(bits: BitReader, count: number, tableCount: number): Uint8Array {
  const recent = Array.from({ length: tableCount }, (_, index) => index);
  const selectors = new Uint8Array(count);
  for (let index = 0; index < count; index++) {
    let position = 0;
    while (bits.read(1) === 1) {
      position += 1;
      if (position >= tableCount) throw new RangeError('a table that there is not');
    }
    selectors[index] = moveToFront(recent, position);
  }
  return selectors;
}

/** Lengths of codes, each told by its difference from the one before. */
function readTable(bits: BitReader, symbolCount: number): HuffmanTable {
  let length = bits.read(5);
  const lengths = Array.from({ length: symbolCount }, () => {
    while (bits.read(1) === 1) {
      length += bits.read(1) === 0 ? 1 : -1;
      if (length < 1 || length > longestRead) throw new RangeError('a code of an impossible length');
    }
    if (length < 1 || length > longestRead) throw new RangeError('a code of an impossible length');
    return length;
  });
  return new HuffmanTable(lengths);
}

interface SymbolSource {
  /** Where the bytes go. */
  readonly block: Uint32Array;
  /** How many there are of each byte. */
  readonly counts: Uint32Array;
  /** The bytes in use, the last one first. */
  readonly recent: number[];
  readonly selectors: Uint8Array;
  readonly tables: readonly HuffmanTable[];
}

/** Returns the number of bytes. */
function readSymbols(bits: BitReader, { block, counts, recent, selectors, tables }: SymbolSource): number {
  const end = recent.length + 1;
  let length = 0;
  let run = 0;
  let runUnit = 1;
  for (let index = 0; ; index++) {
    const table = tables[selectors[Math.floor(index / groupSize)] ?? -1];
    if (table === undefined) throw new RangeError('more symbols than there are tables for');
    const symbol = table.read(bits);
    if (symbol === runA || symbol === runB) {
      // Digits of the length, the lowest first, in the number system with the digits 1 and 2.
      run += runUnit * (symbol + 1);
      runUnit *= 2;
      if (run > block.length) throw new RangeError('a run that is longer than the block');
      continue;
    }
    if (run > 0) {
      length = repeat(block, counts, length, run, recent[0] ?? 0);
      [run, runUnit] = [0, 1];
    }
    if (symbol === end) return length;
    length = repeat(block, counts, length, 1, moveToFront(recent, symbol - 1));
  }
}

function repeat(block: Uint32Array, counts: Uint32Array, length: number, count: number, byte: number): number {
  if (length + count > block.length) throw new RangeError('more bytes than a block has');
  block.fill(byte, length, length + count);
  counts[byte] = (counts[byte] ?? 0) + count;
  return length + count;
}

/** Back from sorted rotations to the text, and from its runs to bytes: four equal ones are followed by how many more there are. */
function unsort(block: Uint32Array, counts: Uint32Array, origin: number, output: BoundedOutput): number {
  let sum = 0;
  const next = counts.map((count) => (sum += count) - count);
  // The lower 8 bits stay the byte, the upper 24 become the place of the one that follows.
  for (let index = 0; index < block.length; index++) {
    const byte = (block[index] ?? 0) & 0xff;
    const place = next[byte] ?? 0;
    next[byte] = place + 1;
    block[place] = (block[place] ?? 0) | (index << 8);
  }
  let crc = crcStart;
  let position = (block[origin] ?? 0) >>> 8;
  let last = -1;
  let equal = 0;
  for (let count = 0; count < block.length; count++) {
    const entry = block[position] ?? 0;
    position = entry >>> 8;
    const byte = entry & 0xff;
    if (equal === 4) {
      output.fill(last, byte);
      for (let more = 0; more < byte; more++) crc = nextCrc(crc, last);
      [equal, last] = [0, -1];
      continue;
    }
    equal = byte === last ? equal + 1 : 1;
    last = byte;
    output.fill(byte, 1);
    crc = nextCrc(crc, byte);
  }
  return ~crc;
}

function moveToFront(recent: number[], position: number): number {
  const [value] = recent.splice(position, 1);
  if (value === undefined) throw new RangeError('a byte that is not in the block');
  recent.unshift(value);
  return value;
}

function isSame(one: readonly [number, number], other: readonly [number, number]): boolean {
  return one[0] === other[0] && one[1] === other[1];
}
