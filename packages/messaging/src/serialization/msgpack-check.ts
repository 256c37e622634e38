import { isUtf8 } from 'node:buffer';
import { DecodeError } from '../errors.js';
import { maxDepth } from './json-scan.js';

/**
 * What a token is followed by. `length` is how many bytes hold the count; a fixed count is in the token itself.
 */
type Token =
  | { readonly kind: 'scalar'; readonly bytes: number }
  | { readonly kind: 'text' | 'bytes' | 'array' | 'map'; readonly count: number }
  | { readonly kind: 'text' | 'bytes' | 'array' | 'map'; readonly length: 1 | 2 | 4 }
  | { readonly kind: 'unknown' };

/**
 * Checks the structure of a msgpack document before it is unpacked: complete, one value, not too deep, valid text, and
 * nothing but the types that Kombu writes. msgpackr alone also reads extensions (records, errors, regular expressions,
 * dates) and is lenient about the rest; a message must not choose such things.
 *
 * @throws DecodeError @internal
 */
export function checkMsgpack(bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  /** For each open container the values that are still to come; the document itself is one value. */
  const open = [1];
  let position = 0;
  const take = (count: number): number => {
    if (count > bytes.length - position) throw malformed('it ends in the middle of a value');
    position += count;
    return position - count;
  };
  while (open.length > 0) {
    const missing = open.at(-1) ?? 0;
    if (missing === 0) {
      open.pop();
      continue;
    }
    open[open.length - 1] = missing - 1;
    const token = tokenOf(bytes[take(1)] ?? 0);
    if (token.kind === 'unknown') throw malformed('it uses extension types, which Kombu does not have');
    if (token.kind === 'scalar') {
      take(token.bytes);
      continue;
    }
    const count = 'count' in token ? token.count : readCount(view, take(token.length), token.length);
    if (token.kind === 'bytes') take(count);
    else if (token.kind === 'text') {
      const start = take(count);
      if (!isUtf8(bytes.subarray(start, position))) throw malformed('a text is not UTF-8');
    } else {
      // Every member takes a byte at least: an array that claims more of them than there are bytes is not begun.
      if (count > bytes.length - position) throw malformed('it ends in the middle of a value');
      if (open.length > maxDepth) throw malformed(`nested more than ${maxDepth} levels deep`);
      open.push(token.kind === 'map' ? count * 2 : count);
    }
  }
  if (position < bytes.length) throw malformed('something follows the end of the value');
}

function tokenOf(byte: number): Token {
  if (byte < 0x80 || byte >= 0xe0) return { kind: 'scalar', bytes: 0 };
  if (byte < 0x90) return { kind: 'map', count: byte & 0x0f };
  if (byte < 0xa0) return { kind: 'array', count: byte & 0x0f };
  if (byte < 0xc0) return { kind: 'text', count: byte & 0x1f };
  return tokens[byte - 0xc0] ?? { kind: 'unknown' };
}

/** 0xc0 to 0xdf in the order of the msgpack specification. */
const tokens: readonly Token[] = [
  { kind: 'scalar', bytes: 0 }, // nil
  { kind: 'unknown' }, // never used
  { kind: 'scalar', bytes: 0 }, // false
  { kind: 'scalar', bytes: 0 }, // true
  { kind: 'bytes', length: 1 },
  { kind: 'bytes', length: 2 },
  { kind: 'bytes', length: 4 },
  { kind: 'unknown' }, // ext 8, 16, 32
  { kind: 'unknown' },
  { kind: 'unknown' },
  { kind: 'scalar', bytes: 4 }, // float 32, 64
  { kind: 'scalar', bytes: 8 },
  { kind: 'scalar', bytes: 1 }, // uint 8 to 64
  { kind: 'scalar', bytes: 2 },
  { kind: 'scalar', bytes: 4 },
  { kind: 'scalar', bytes: 8 },
  { kind: 'scalar', bytes: 1 }, // int 8 to 64
  { kind: 'scalar', bytes: 2 },
  { kind: 'scalar', bytes: 4 },
  { kind: 'scalar', bytes: 8 },
  { kind: 'unknown' }, // fixext 1 to 16
  { kind: 'unknown' },
  { kind: 'unknown' },
  { kind: 'unknown' },
  { kind: 'unknown' },
  { kind: 'text', length: 1 },
  { kind: 'text', length: 2 },
  { kind: 'text', length: 4 },
  { kind: 'array', length: 2 },
  { kind: 'array', length: 4 },
  { kind: 'map', length: 2 },
  { kind: 'map', length: 4 },
];

function readCount(view: DataView, position: number, length: 1 | 2 | 4): number {
  if (length === 1) return view.getUint8(position);
  return length === 2 ? view.getUint16(position) : view.getUint32(position);
}

function malformed(reason: string): DecodeError {
  return new DecodeError(`The content is not valid msgpack: ${reason}.`);
}
