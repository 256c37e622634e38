import { DecodeError } from '../errors.js';
import { maxDepth } from './json-scan.js';
import { maxIntegerDigits } from './json-writer.js';
import { setOwn } from './plain-object.js';

const integerText = /^-?\d+$/;
const numberCharacters = new Set('+-.0123456789eE');

/**
 * Reads JSON with what Python adds to it: the bare words NaN, Infinity and -Infinity, and integers of any size, which
 * become bigints where a number would not be exact (CPython json/scanner.py, py_make_scanner). Several times slower
 * than `JSON.parse`, and only used where that would fail or lose digits. Strings and numbers are handed to
 * `JSON.parse`, so that the grammar is the same.
 *
 * @internal
 */
export class JsonReader {
  readonly #text: string;
  #position = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** @throws DecodeError, and nothing else, naming the position. */
  read(): unknown {
    this.#skipSpace();
    const value = this.#value(0);
    if (this.#position < this.#text.length) throw this.#error('something follows the end of the value');
    return value;
  }

  #value(depth: number): unknown {
    switch (this.#text[this.#position]) {
      case '"':
        return this.#string();
      case '[':
        return this.#array(depth);
      case '{':
        return this.#record(depth);
      case 't':
        return this.#word('true', true);
      case 'f':
        return this.#word('false', false);
      case 'n':
        return this.#word('null', null);
      case 'N':
        return this.#word('NaN', Number.NaN);
      case 'I':
        return this.#word('Infinity', Number.POSITIVE_INFINITY);
      case undefined:
        throw this.#error('the text ends where a value is expected');
      default:
        if (this.#text.startsWith('-I', this.#position)) return this.#word('-Infinity', Number.NEGATIVE_INFINITY);
        return this.#number();
    }
  }

  #array(depth: number): unknown[] {
    const array: unknown[] = [];
    if (this.#opens(depth, ']')) return array;
    do array.push(this.#value(depth + 1));
    while (this.#continues(']'));
    return array;
  }

  #record(depth: number): Record<string, unknown> {
    const record: Record<string, unknown> = {};
    if (this.#opens(depth, '}')) return record;
    do {
      if (this.#text[this.#position] !== '"') throw this.#error('a key in double quotes is expected');
      const key = this.#string();
      if (this.#text[this.#position] !== ':') throw this.#error('a colon is expected');
      this.#step(1);
      setOwn(record, key, this.#value(depth + 1));
    } while (this.#continues('}'));
    return record;
  }

  /** Steps over the opening bracket; true when the closing one follows at once. */
  #opens(depth: number, closing: string): boolean {
    if (depth >= maxDepth) throw this.#error(`nested more than ${maxDepth} levels deep`);
    this.#step(1);
    if (this.#text[this.#position] !== closing) return false;
    this.#step(1);
    return true;
  }

  /** Steps over what follows a member: a comma (true) or the closing bracket (false). */
  #continues(closing: string): boolean {
    const character = this.#text[this.#position];
    if (character !== ',' && character !== closing) throw this.#error(`a comma or ${closing} is expected`);
    this.#step(1);
    return character === ',';
  }

  #word(word: string, value: unknown): unknown {
    if (!this.#text.startsWith(word, this.#position)) throw this.#error('a value is expected');
    this.#step(word.length);
    return value;
  }

  #string(): string {
    let end = this.#position + 1;
    while (end < this.#text.length && this.#text[end] !== '"') end += this.#text[end] === '\\' ? 2 : 1;
    if (end >= this.#text.length) throw this.#error('a string is not closed');
    return this.#token(end + 1 - this.#position) as string;
  }

  #number(): number | bigint {
    let end = this.#position;
    while (numberCharacters.has(this.#text[end] ?? '')) end += 1;
    const token = this.#text.slice(this.#position, end);
    if (token === '') throw this.#error('a value is expected');
    const isInteger = integerText.test(token);
    if (isInteger && token.replace('-', '').length > maxIntegerDigits)
      throw this.#error(`an integer of more than ${maxIntegerDigits} digits`);
    const value = this.#token(token.length) as number;
    return isInteger && !Number.isSafeInteger(value) ? BigInt(token) : value;
  }

  #token(length: number): unknown {
    let value: unknown;
    try {
      value = JSON.parse(this.#text.slice(this.#position, this.#position + length));
    } catch (cause) {
      throw this.#error('a string or number is malformed', cause);
    }
    this.#step(length);
    return value;
  }

  #step(length: number): void {
    this.#position += length;
    this.#skipSpace();
  }

  #skipSpace(): void {
    while (isSpace(this.#text.charCodeAt(this.#position))) this.#position += 1;
  }

  #error(reason: string, cause?: unknown): DecodeError {
    const place = this.#text === '' ? 'it is empty' : `at character ${this.#position} ${reason}`;
    return new DecodeError(`The content is not valid JSON: ${place}.`, { cause });
  }
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}
