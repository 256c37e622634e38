import { types } from 'node:util';
import { isMapping } from './task-fields.js';
import { objectRepr } from './value-repr.js';

/** Containers inside of this many others are not opened (celery 5.6 utils/saferepr.py, maxlevels). */
const maxDepth = 3;

/**
 * Writes a value as Python's repr would, with Celery's deviations (SPEC 1.8): strings in single quotes, in which only the quote is escaped. The
 * length is a budget over tokens: a token that starts when it is used up is dropped, `, ...` stands for the rest, and open brackets are closed.
 * Lengths are counted in code points, as Python does.
 */
export class ReprWriter {
  #text = '';
  #remaining: number;
  /** Containers that are open; a value that is in them is shown as a recursion. */
  readonly #open: unknown[] = [];

  constructor(length: number) {
    this.#remaining = length;
  }

  write(value: unknown): string {
    this.#value(value);
    return this.#text;
  }

  writeTuple(items: readonly unknown[]): string {
    this.#sequence(items, items, '(', items.length === 1 ? ',)' : ')');
    return this.#text;
  }

  /** False when the budget is used up; then nothing but closing brackets may follow. */
  #value(value: unknown): boolean {
    if (typeof value === 'string') return this.#quoted(value);
    if (typeof value !== 'object' || value === null) return this.#scalar(scalarRepr(value));
    if (Array.isArray(value)) return this.#sequence(value, value, '[', ']');
    if (isMapping(value)) return this.#mapping(value, Object.entries(value));
    if (types.isUint8Array(value)) return this.#bytes(value);
    if (types.isMap(value)) return this.#mapping(value, [...value]);
    if (types.isSet(value))
      return value.size === 0 ? this.#scalar('set()') : this.#sequence(value, [...value], '{', '}');
    return this.#scalar(objectRepr(value));
  }

  #sequence(container: unknown, items: readonly unknown[], start: string, end: string): boolean {
    const name = this.#nameInstead(container, start, end);
    if (name !== undefined) return this.#scalar(name);
    this.#open.push(container);
    let fits = this.#literal(start);
    for (let index = 0; fits && index < items.length; index += 1) {
      fits = (index === 0 || this.#literal(', ')) && this.#value(items[index]);
    }
    return this.#leave(fits, end);
  }

  #mapping(container: unknown, entries: readonly (readonly [unknown, unknown])[]): boolean {
    const name = this.#nameInstead(container, '{', '}');
    if (name !== undefined) return this.#scalar(name);
    this.#open.push(container);
    let fits = this.#literal('{');
    for (let index = 0; fits && index < entries.length; index += 1) {
      const [key, value] = entries[index] as readonly [unknown, unknown];
      fits = (index === 0 || this.#literal(', ')) && this.#key(key) && this.#literal(': ') && this.#value(value);
    }
    return this.#leave(fits, '}');
  }

  /** Keys are formatted on their own, with what is left of the budget. */
  #key(key: unknown): boolean {
    if (typeof key === 'string') return this.#quoted(key);
    if (!this.#hasRoom()) return false;
    const text = new ReprWriter(this.#remaining).write(key);
    return this.#put(text, codePoints(text));
  }

  #bytes(value: Uint8Array): boolean {
    if (!this.#hasRoom()) return false;
    const text = bytesRepr(value, this.#remaining);
    return this.#put(text, codePoints(text));
  }

  /** What stands for a container that is not opened. */
  #nameInstead(container: unknown, start: string, end: string): string | undefined {
    if (this.#open.length >= maxDepth) return `${start}...${end}`;
    return this.#open.includes(container) ? `<Recursion on ${start === '{' ? 'dict' : 'list'}>` : undefined;
  }

  #leave(fits: boolean, end: string): boolean {
    this.#open.pop();
    if (fits) return this.#literal(end);
    this.#text += end;
    return false;
  }

  #quoted(value: string): boolean {
    if (!this.#hasRoom()) return false;
    const cut = truncate(value, this.#remaining);
    const text = `'${cut.includes("'") ? cut.replaceAll("'", "\\'") : cut}'`;
    return this.#put(text, codePoints(text));
  }

  #scalar(text: string): boolean {
    if (!this.#hasRoom()) return false;
    const cut = truncate(text, this.#remaining);
    return this.#put(cut, codePoints(cut));
  }

  #literal(text: string): boolean {
    return this.#hasRoom() && this.#put(text, text.length);
  }

  #hasRoom(): boolean {
    if (this.#remaining > 0) return true;
    this.#text += ', ...';
    return false;
  }

  #put(text: string, length: number): true {
    this.#text += text;
    this.#remaining -= length;
    return true;
  }
}

function scalarRepr(value: unknown): string {
  switch (typeof value) {
    case 'number':
      return numberRepr(value);
    case 'boolean':
      return value ? 'True' : 'False';
    case 'bigint':
    case 'symbol':
      return String(value);
    case 'function':
      return `<function ${value.name}>`;
    default:
      return 'None';
  }
}

/** celery 5.6 utils/text.py, truncate: a text of exactly the length is cut as well, at its last space if it has one. */
function truncate(text: string, length: number): string {
  if (text.length < length) return text;
  const points = Array.from(text.slice(0, length * 2));
  if (points.length < length) return text;
  const cut = points.slice(0, length).join('');
  const space = cut.lastIndexOf(' ');
  return `${space === -1 ? cut : cut.slice(0, space)}...`;
}

const surrogatePair = /[\ud800-\udbff][\udc00-\udfff]/;

function codePoints(text: string): number {
  return surrogatePair.test(text) ? Array.from(text).length : text.length;
}

/** Python writes exponents with two digits, and from 1e-05 down. */
function numberRepr(value: number): string {
  if (Number.isSafeInteger(value) && value !== 0) return String(value);
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  if (Object.is(value, -0)) return '-0.0';
  const text = value !== 0 && Math.abs(value) < 1e-4 ? value.toExponential() : String(value);
  return text.replace(/e([+-])(\d)$/, 'e$10$2');
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function bytesRepr(value: Uint8Array, length: number): string {
  const isCut = value.byteLength > length;
  const shown = isCut ? value.subarray(0, length) : value;
  return `b'${textOrHex(shown)}${isCut ? '...' : ''}'`;
}

function textOrHex(bytes: Uint8Array): string {
  try {
    return strictUtf8.decode(bytes);
  } catch {
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
  }
}
