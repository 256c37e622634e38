import { types } from 'node:util';
import { CtqError, toError } from '@ctq/runtime';
import { EncodeError } from '../errors.js';
import { maxDepth } from './json-scan.js';
import type { JsonTypes } from './json-types.js';
import { isPlainObject } from './plain-object.js';
import { describeUnencodable } from './unencodable.js';
import { describePath } from './value-path.js';

/** Python refuses to read integers with more digits (CPython 3.11 `sys.get_int_max_str_digits`, 4300). @internal */
export const maxIntegerDigits = 4300;

/**
 * Writes what `JSON.stringify` cannot: wrapped values, bigints, NaN and the infinities, -0. One writer writes one
 * value; it knows at any moment where in the value it is, so that its errors name the place.
 *
 * @internal
 */
export class JsonWriter {
  readonly #root: unknown;
  readonly #types: JsonTypes;
  readonly #path: (string | number)[] = [];
  readonly #open = new Set<object>();

  constructor(root: unknown, jsonTypes: JsonTypes) {
    this.#root = root;
    this.#types = jsonTypes;
  }

  /** @throws EncodeError, and nothing else, naming the place. */
  write(): string {
    try {
      return this.#value(this.#root);
    } catch (error) {
      if (CtqError.isInstance(error)) throw error;
      throw this.#error(
        `${toError(error).message} (thrown by a getter, a toJSON method or the encoder of a registered type)`,
        error,
      );
    }
  }

  #value(value: unknown): string {
    switch (typeof value) {
      case 'string':
        return JSON.stringify(value);
      case 'boolean':
        return value ? 'true' : 'false';
      case 'undefined':
        return 'null';
      case 'number':
        return numberText(value);
      case 'bigint':
        return this.#integer(value);
      case 'object':
        return value === null ? 'null' : this.#object(value);
      default:
        throw this.#unencodable(value);
    }
  }

  #integer(value: bigint): string {
    const text = value.toString();
    if (text.length - (value < 0n ? 1 : 0) > maxIntegerDigits) {
      throw this.#error(
        `an integer of more than ${maxIntegerDigits} digits: Python refuses to read it; send it as a string`,
      );
    }
    return text;
  }

  #object(value: object): string {
    if (Array.isArray(value)) return this.#inside(value, () => this.#array(value));
    if (isPlainObject(value))
      return this.#inside(value, () => (hasToJson(value) ? this.#reduced(value) : this.#record(value)));
    const typed = this.#typed(value);
    if (typed === undefined) {
      if (!hasToJson(value)) throw this.#unencodable(value);
      return this.#inside(value, () => this.#reduced(value));
    }
    const form = this.#inside(value, () => this.#value(typed.form));
    return typed.name === undefined ? form : `{"__type__":${JSON.stringify(typed.name)},"__value__":${form}}`;
  }

  #typed(value: object): ReturnType<JsonTypes['encode']> {
    try {
      return this.#types.encode(value);
    } catch (error) {
      // Invalid, or of a year that Python does not have.
      if (types.isDate(value)) throw this.#error(`a Date without ISO text: ${toError(error).message}`, error);
      throw error;
    }
  }

  /** The result of toJSON is written as it is: like JSON.stringify, without asking it for its own toJSON. */
  #reduced(value: { toJSON(key: string): unknown }): string {
    const reduced = value.toJSON(String(this.#path.at(-1) ?? ''));
    if (typeof reduced !== 'object' || reduced === null) return this.#value(reduced);
    return reduced === value || hasToJson(reduced) ? this.#record(reduced) : this.#object(reduced);
  }

  #array(array: readonly unknown[]): string {
    const items: string[] = [];
    for (let index = 0; index < array.length; index++) {
      this.#path.push(index);
      items.push(this.#value(array[index]));
      this.#path.pop();
    }
    return `[${items.join(',')}]`;
  }

  #record(value: object): string {
    const record = value as Readonly<Record<string, unknown>>;
    const keys = Object.keys(record);
    if (keys.length === 2 && Object.hasOwn(record, '__type__') && Object.hasOwn(record, '__value__'))
      this.#checkWrapped(record);
    const members: string[] = [];
    for (const key of keys) {
      this.#path.push(key);
      const member = record[key];
      if (member !== undefined) members.push(`${JSON.stringify(key)}:${this.#value(member)}`);
      this.#path.pop();
    }
    return `{${members.join(',')}}`;
  }

  /**
   * Sent as it is, such an object is read as a wrapped value; one that cannot be read would make the whole message
   * undecodable.
   */
  #checkWrapped(record: Readonly<Record<string, unknown>>): void {
    try {
      this.#types.decode(record.__type__, record.__value__);
    } catch (error) {
      throw this.#error(
        'an object with exactly the keys __type__ and __value__ is read as a wrapped value, and this one is none that ' +
          'receivers know: rename a key, add a third one, or register the type with createJsonSerializer({ types })',
        error,
      );
    }
  }

  #inside(container: object, write: () => string): string {
    if (this.#open.has(container))
      throw this.#error('the structure is circular here: send ids instead of references to parents');
    if (this.#open.size >= maxDepth) throw this.#error(`nested more than ${maxDepth} levels deep`);
    this.#open.add(container);
    const text = write();
    this.#open.delete(container);
    return text;
  }

  #unencodable(value: unknown): EncodeError {
    return this.#error(describeUnencodable(value));
  }

  #error(reason: string, cause?: unknown): EncodeError {
    const place = describePath(this.#root, this.#path.slice(0, 20)) + (this.#path.length > 20 ? '…' : '');
    return new EncodeError(`Cannot encode ${place} as JSON: ${reason}.`, { cause, details: { path: [...this.#path] } });
  }
}

/**
 * Python reads a number without point and exponent as an int. Integers that a double may not hold exactly are written
 * as the floats they are, as Python writes them, so that they come back as numbers and never with digits that were made
 * up.
 */
function numberText(value: number): string {
  if (Object.is(value, -0)) return '-0.0';
  // NaN, Infinity and -Infinity as Python's json writes them: bare words.
  if (!Number.isFinite(value) || !Number.isInteger(value) || Number.isSafeInteger(value)) return String(value);
  const text = String(value);
  return text.includes('e') ? text : `${text}.0`;
}

function hasToJson(value: object): value is { toJSON(key: string): unknown } {
  return typeof (value as { readonly toJSON?: unknown }).toJSON === 'function';
}
