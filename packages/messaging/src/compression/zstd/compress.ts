import { BackwardBitWriter } from './bit-writer.js';
import { codeOfDistance, literalLengths, matchLengths } from './codes.js';
import { distanceTable, literalLengthTable, matchLengthTable } from './fse.js';
import { type Match, MatchFinder, windowBytes } from './find-matches.js';
import { littleEndian, writeLiterals } from './literals.js';

const largestBlock = 128 * 1024;

/**
 * One frame of zstd with its size, for a Node.js that cannot write one (RFC 8878). About as large as zstd's fastest levels make it: texts
 * that were there before are found, literals have Huffman codes, and the tables for lengths and distances are the predefined ones.
 *
 * @internal
 */
export function compressZstd(bytes: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [Uint8Array.from(frameHeader(bytes.length))];
  const finder = new MatchFinder(bytes);
  let start = 0;
  do {
    const end = Math.min(start + largestBlock, bytes.length);
    const raw = bytes.subarray(start, end);
    const block = writeBlock(raw, finder.find(start, end));
    const [type, content] = block.length < raw.length ? [2, block] : [0, raw];
    const isLast = end === bytes.length;
    parts.push(Uint8Array.from(littleEndian(Number(isLast) | (type << 1) | (content.length << 3), 3)), content);
    start = end;
  } while (start < bytes.length);
  return Buffer.concat(parts);
}

/** Small contents are their own window. */
function frameHeader(size: number): readonly number[] {
  const magic = [0x28, 0xb5, 0x2f, 0xfd];
  if (size < 256) return [...magic, 0x20, size];
  if (size < 65_792) return [...magic, 0x60, ...littleEndian(size - 256, 2)];
  const window = (Math.log2(windowBytes) - 10) << 3;
  return size <= windowBytes
    ? [...magic, 0xa0, ...littleEndian(size, 4)]
    : [...magic, 0x80, window, ...littleEndian(size, 4)];
}

function writeBlock(raw: Uint8Array, matches: readonly Match[]): Uint8Array {
  const literals = new Uint8Array(raw.length);
  let literalCount = 0;
  let position = 0;
  for (const match of [...matches, { literals: raw.length, length: 0 }]) {
    const part = raw.subarray(position, position + match.literals);
    literals.set(part, literalCount);
    literalCount += part.length;
    position += part.length + match.length;
  }
  return Uint8Array.from([...writeLiterals(literals.subarray(0, literalCount)), ...writeSequences(matches)]);
}

function writeSequences(matches: readonly Match[]): readonly number[] {
  const { length } = matches;
  if (length === 0) return [0];
  const count =
    length < 128
      ? [length]
      : length < 0x7f00
        ? [(length >> 8) + 128, length & 0xff]
        : [255, ...littleEndian(length - 0x7f00, 2)];
  // No tables follow: all three are the predefined ones.
  return [...count, 0, ...writeMatches(matches)];
}

/** From the last to the first, since readers come from the other end. */
function writeMatches(matches: readonly Match[]): readonly number[] {
  const writer = new BackwardBitWriter();
  let states: { literals: number; match: number; distance: number } | undefined;
  for (const { literals, length, distance } of matches.toReversed()) {
    const [literal, match, far] = [literalLengths.code(literals), matchLengths.code(length), codeOfDistance(distance)];
    if (states === undefined) {
      states = {
        literals: literalLengthTable.begin(literal.code),
        match: matchLengthTable.begin(match.code),
        distance: distanceTable.begin(far.code),
      };
    } else {
      states.distance = distanceTable.next(states.distance, far.code, writer);
      states.match = matchLengthTable.next(states.match, match.code, writer);
      states.literals = literalLengthTable.next(states.literals, literal.code, writer);
    }
    for (const { bits, rest } of [literal, match, far]) writer.write(bits, rest);
  }
  if (states !== undefined) {
    matchLengthTable.end(states.match, writer);
    distanceTable.end(states.distance, writer);
    literalLengthTable.end(states.literals, writer);
  }
  return writer.finish();
}
