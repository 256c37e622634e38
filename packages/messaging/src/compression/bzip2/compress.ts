import { BitWriter } from './bit-writer.js';
import { sortRotations } from './block-sort.js';
import { blockMagic, bytesPerLevel, combineCrc, crcStart, endMagic, groupSize, nextCrc, runA, runB } from './format.js';
import { codeLengths, codesOf, longestWritten } from './huffman.js';

/** Python's default, `bz2.compress(data, compresslevel=9)`. */
const level = 9;
/** As bzip2: a few bytes of a block stay free. */
const bytesPerBlock = level * bytesPerLevel - 19;
/** Fewer are not allowed. Both are the same here: more of them would make a body of a megabyte a tenth smaller, and a small one no smaller. */
const tableCount = 2;

/** @internal */
export function compressBzip2(bytes: Uint8Array): Uint8Array {
  const bits = new BitWriter();
  for (const character of [0x42, 0x5a, 0x68, 0x30 + level]) bits.write(8, character);
  let streamCrc = 0;
  for (let position = 0; position < bytes.length; ) {
    const { block, crc, end } = takeBlock(bytes, position);
    writeBlock(bits, block, crc);
    streamCrc = combineCrc(streamCrc, crc);
    position = end;
  }
  for (const part of endMagic) bits.write(24, part);
  bits.writeInt32(streamCrc);
  return bits.finish();
}

/** As much as a block holds once its runs are shortened: four equal bytes are followed by how many more there are, up to 251. */
function takeBlock(
  bytes: Uint8Array,
  start: number,
): { readonly block: Uint8Array; readonly crc: number; readonly end: number } {
  const block = new Uint8Array(Math.min(bytesPerBlock, (bytes.length - start) * 2) + 5);
  let length = 0;
  let crc = crcStart;
  let position = start;
  while (position < bytes.length && length < bytesPerBlock) {
    const byte = bytes[position] ?? 0;
    let run = 1;
    while (run < 255 && bytes[position + run] === byte) run += 1;
    for (let count = 0; count < run; count++) crc = nextCrc(crc, byte);
    block.fill(byte, length, length + Math.min(run, 4));
    length += Math.min(run, 4);
    if (run >= 4) block[length++] = run - 4;
    position += run;
  }
  return { block: block.subarray(0, length), crc: ~crc, end: position };
}

function writeBlock(bits: BitWriter, block: Uint8Array, crc: number): void {
  const { lasts, origin } = sortRotations(block);
  const inUse = [...new Set(lasts)].sort((a, b) => a - b);
  const symbols = toSymbols(lasts, inUse);
  const frequencies: number[] = Array.from({ length: inUse.length + 2 }, () => 0);
  for (const symbol of symbols) frequencies[symbol] = (frequencies[symbol] ?? 0) + 1;
  const lengths = codeLengths(frequencies, longestWritten);
  const codes = codesOf(lengths);

  for (const part of blockMagic) bits.write(24, part);
  bits.writeInt32(crc);
  bits.write(1, 0);
  bits.write(24, origin);
  writeBytesInUse(bits, inUse);
  const groups = Math.ceil(symbols.length / groupSize);
  bits.write(3, tableCount);
  bits.write(15, groups);
  for (let group = 0; group < groups; group++) bits.write(1, 0);
  for (let table = 0; table < tableCount; table++) writeLengths(bits, lengths);
  for (const symbol of symbols) bits.write(lengths[symbol] ?? 0, codes[symbol] ?? 0);
}

function writeBytesInUse(bits: BitWriter, inUse: readonly number[]): void {
  const members: number[] = Array.from({ length: 16 }, () => 0);
  for (const byte of inUse) members[byte >> 4] = (members[byte >> 4] ?? 0) | (0x8000 >> (byte & 15));
  bits.write(
    16,
    members.reduce((parts, member, part) => (member === 0 ? parts : parts | (0x8000 >> part)), 0),
  );
  for (const member of members) {
    if (member !== 0) bits.write(16, member);
  }
}

function writeLengths(bits: BitWriter, lengths: readonly number[]): void {
  let last = lengths[0] ?? 0;
  bits.write(5, last);
  for (const length of lengths) {
    for (; last < length; last++) bits.write(2, 0b10);
    for (; last > length; last--) bits.write(2, 0b11);
    bits.write(1, 0);
  }
}

/** Each byte becomes its position in the list of recent ones; what is at the front, as the length of its run. */
function toSymbols(lasts: Uint8Array, inUse: readonly number[]): Uint16Array {
  const recent = [...inUse];
  const symbols = new Uint16Array(lasts.length + 1);
  let length = 0;
  let run = 0;
  const endRun = (): void => {
    for (; run > 0; run = (run - 1) >> 1) symbols[length++] = run % 2 === 1 ? runA : runB;
  };
  for (const byte of lasts) {
    const position = recent.indexOf(byte);
    if (position === 0) {
      run += 1;
      continue;
    }
    endRun();
    recent.splice(position, 1);
    recent.unshift(byte);
    symbols[length++] = position + 1;
  }
  endRun();
  symbols[length++] = inUse.length + 1;
  return symbols.subarray(0, length);
}
