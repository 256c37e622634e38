import { types } from 'node:util';
import { isMapping } from './task-fields.js';
import { objectRepr } from './value-repr.js';

/** Containers inside of this many others are not opened (celery 5.6 utils/saferepr.py, maxlevels). */
const maxDepth = 3;

const scalars: Readonly<Record<string, (value: never) => string>> = {
  undefined: () => 'None',
  boolean: (value: boolean) => (value ? 'True' : 'False'),
  bigint: (value: bigint) => String(value),
  number: numberRepr,
  symbol: (value: symbol) => String(value),
  function: (value: { readonly name: string }) => `<function ${value.name}>`,
};

/**
 * Writes a value as Python's repr would, with Celery's deviations (SPEC 1.8): strings in single quotes, in which only the quote is escaped. The
 * length is a budget over tokens: a token that starts when it is used up is dropped, `, ...` stands for the rest, and open brackets are closed.
 * Lengths are counted in code points, as Python does.
 */
export class ReprWriter {
  #text = '';
  #remaining: number;
  #depth = 0;
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
    this.#sequence(items, '(', items.length === 1 ? ',)' : ')');
    return this.#text;
  }

  /** False when the budget is used up; then nothing but closing brackets may follow. */
  #value(value: unknown): boolean {
    if (typeof value === 'string') return this.#quoted(value);
    if (value === null) return this.#scalar('None');
    const scalar = scalars[typeof value];
    if (scalar !== undefined) return this.#scalar(scalar(value as never));
    if (Array.isArray(value)) return this.#sequence(value, '[', ']');
    if (types.isUint8Array(value)) return this.#token(() => bytesRepr(value, this.#remaining));
    if (isMapping(value)) return this.#mapping(value, Object.entries(value));
    if (types.isMap(value)) return this.#mapping(value, [...value]);
    if (types.isSet(value))
      return value.size === 0 ? this.#scalar('set()') : this.#sequence([...value], '{', '}', value);
    return this.#scalar(objectRepr(value as object));
  }

  #sequence(items: readonly unknown[], start: string, end: string, container: unknown = items): boolean {
    return this.#container(container, start, end, () => {
      for (let index = 0; index < items.length; index += 1) {
        if (index > 0 && !this.#literal(', ')) return false;
        if (!this.#value(items[index])) return false;
      }
      return true;
    });
  }

  #mapping(container: unknown, entries: readonly (readonly [unknown, unknown])[]): boolean {
    return this.#container(container, '{', '}', () => {
      for (let index = 0; index < entries.length; index += 1) {
        const [key, value] = entries[index] as readonly [unknown, unknown];
        if (index > 0 && !this.#literal(', ')) return false;
        if (!this.#token(() => new ReprWriter(this.#remaining).write(key))) return false;
        if (!this.#literal(': ') || !this.#value(value)) return false;
      }
      return true;
    });
  }

  #container(container: unknown, start: string, end: string, writeMembers: () => boolean): boolean {
    if (this.#depth >= maxDepth) return this.#scalar(`${start}...${end}`);
    if (this.#open.includes(container)) return this.#scalar(`<Recursion on ${start === '{' ? 'dict' : 'list'}>`);
    this.#depth += 1;
    this.#open.push(container);
    const fits = this.#literal(start) && writeMembers();
    this.#open.pop();
    this.#depth -= 1;
    if (fits) return this.#literal(end);
    this.#text += end;
    return false;
  }

  #quoted(value: string): boolean {
    return this.#token(() => `'${truncate(value, this.#remaining).replaceAll("'", "\\'")}'`);
  }

  #scalar(text: string): boolean {
    return this.#token(() => truncate(text, this.#remaining));
  }

  #literal(text: string): boolean {
    return this.#token(() => text);
  }

  #token(format: () => string): boolean {
    if (this.#remaining <= 0) {
      this.#text += ', ...';
      return false;
    }
    const text = format();
    this.#text += text;
    this.#remaining -= codePoints(text);
    return true;
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

function codePoints(text: string): number {
  let count = text.length;
  for (let index = 1; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit >= 0xdc00 && unit <= 0xdfff && isHighSurrogate(text.charCodeAt(index - 1))) count -= 1;
  }
  return count;
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}

/** Python writes exponents with two digits, and from 1e-05 down. */
function numberRepr(value: number): string {
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
