import { maxIntegerDigits } from '../serialization/json-writer.js';
import { narrowed } from './pickle-input.js';

/** Numbers and texts as protocol 0 writes them: lines of ASCII (CPython 3.11 pickle.py, load_int and the like). */

/** @internal */
export function integerOf(line: string): number | bigint {
  if (!/^[+-]?\d+$/.test(line)) throw new TypeError('an integer that is none');
  if (line.length > maxIntegerDigits) throw new RangeError('an integer that is too large');
  return narrowed(BigInt(line.replace('+', '')));
}

/** What Python's `repr` writes of a float. @internal */
export function floatOf(line: string): number {
  if (/^[+-]?\d+(?:\.\d*)?(?:e[+-]?\d+)?$/i.test(line) && line.length <= 64) return Number(line);
  switch (line) {
    case 'nan':
    case '-nan':
      return Number.NaN;
    case 'inf':
      return Number.POSITIVE_INFINITY;
    case '-inf':
      return Number.NEGATIVE_INFINITY;
  }
  throw new TypeError('a float that is none');
}

/** Python's codec raw-unicode-escape: Latin-1, and four or eight digits for all others. @internal */
export function rawUnicodeOf(line: string): string {
  return line.replaceAll(/\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|u|U)/g, (_, short?: string, long?: string) =>
    String.fromCodePoint(Number.parseInt(short ?? long ?? '', 16)),
  );
}

const escapes: ReadonlyMap<string, string> = new Map([
  ['\\', '\\'],
  ["'", "'"],
  ['"', '"'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
]);

/** A text in quotes with Python's escapes, as Python 2 wrote them. @internal */
export function quotedTextOf(line: string): string {
  const quote = line[0];
  if (line.length < 2 || (quote !== "'" && quote !== '"') || line.at(-1) !== quote)
    throw new TypeError('a text without quotes');
  const text = line.slice(1, -1).replaceAll(/\\(?:x([0-9a-f]{2})|(.?))/gi, (_, hex?: string, other?: string) => {
    const character = hex === undefined ? escapes.get(other ?? '') : String.fromCharCode(Number.parseInt(hex, 16));
    if (character === undefined) throw new TypeError('an escape that is not known');
    return character;
  });
  return asciiOf(text);
}

/** Texts of Python 2 are bytes; what is not ASCII Python 3 refuses as well, unless it is told an encoding. @internal */
export function asciiOf(text: string): string {
  if (/^[\0-\x7f]*$/.test(text)) return text;
  throw new TypeError('a text of Python 2 that is not ASCII');
}
