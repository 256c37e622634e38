import { DecodeError } from '../errors.js';
import { JsonReader } from './json-reader.js';
import { holdsLargeNumbers, holdsTypes, inspectParsed, isPlainJson, isTooDeep, maxDepth } from './json-scan.js';
import { type JsonType, JsonTypes } from './json-types.js';
import { JsonWriter } from './json-writer.js';
import type { Serializer } from './serializer.js';
import { decodeUtf8 } from './utf8.js';

/** Kombu's JSON, as bytes and as text. */
export interface JsonSerializer extends Serializer {
  /** @throws EncodeError naming the place in the value and what to do. */
  stringify(value: unknown): string;
  /** @throws DecodeError */
  parse(text: string): unknown;
}

export interface JsonSerializerOptions {
  /** Further types beside Kombu's own; the first that knows a value wins, before the built-in ones. */
  readonly types?: readonly JsonType[];
}

/**
 * JSON as Kombu speaks it (kombu 5.6 utils/json.py, JSONEncoder and object_hook): what JSON lacks travels as
 * `{"__type__": …, "__value__": …}`.
 *
 * - `Date`, `WireDate`, `PlainDate`, `PlainTime`, `Decimal`, `Uuid` and `Uint8Array` become Python's datetime, date,
 *   time, Decimal, UUID and bytes, and come back as such (a datetime as a `WireDate`, which is a `Date`).
 * - A bigint is written as its digits. An integer that is read becomes a number where that is exact, a bigint beyond
 *   2^53.
 * - `NaN` and the infinities are the bare words that Python writes and reads. `-0` is `-0.0`. A float without fraction,
 *   Python's `1.0`, is read as the number 1 and written as the integer 1: JavaScript does not tell them apart.
 * - Members that are undefined are left out; undefined in an array, and as the whole value, is null.
 * - Objects with `toJSON` use it. Maps, Sets, functions, symbols, errors, other class instances and circular structures
 *   are errors: none of them would arrive.
 * - Non-ASCII text is written as it is; no receiver depends on Python's escapes.
 */
export function createJsonSerializer(options: JsonSerializerOptions = {}): JsonSerializer {
  return Object.freeze(new KombuJson(options.types ?? []));
}

/** Whether it is one of `createJsonSerializer`, and not one that somebody else has made. @internal */
export function isJsonSerializer(serializer: Serializer | undefined): serializer is JsonSerializer {
  return serializer instanceof KombuJson;
}

/** Its members may be taken from it and called alone. */
class KombuJson implements JsonSerializer {
  readonly name = 'json';
  readonly contentType = 'application/json';
  readonly contentEncoding = 'utf-8';
  readonly encode: (value: unknown) => Uint8Array;
  readonly decode: (bytes: Uint8Array) => unknown;
  readonly stringify: (value: unknown) => string;
  readonly parse: (text: string) => unknown;

  constructor(own: readonly JsonType[]) {
    const types = new JsonTypes(own);
    this.encode = (value) => Buffer.from(stringify(value, types));
    this.decode = (bytes) => parse(decodeUtf8(bytes), types);
    this.stringify = (value) => stringify(value, types);
    this.parse = (text) => parse(text, types);
  }
}

/** JSON with Kombu's types and no others. */
export const jsonSerializer: JsonSerializer = createJsonSerializer();

function stringify(value: unknown, types: JsonTypes): string {
  try {
    if (isPlainJson(value, 0)) return JSON.stringify(value) ?? 'null';
  } catch {
    // A getter threw, or the text is longer than a string can be: the writer finds out where.
  }
  return new JsonWriter(value, types).write();
}

function parse(text: string, types: JsonTypes): unknown {
  let value: unknown;
  let isExact = false;
  try {
    value = JSON.parse(text);
  } catch {
    // A bare word, or not JSON at all: the reader tells.
    value = new JsonReader(text).read();
    isExact = true;
  }
  const found = inspectParsed(value, 0);
  if (found === 0) return value;
  if ((found & isTooDeep) !== 0) throw new DecodeError(`The content is nested more than ${maxDepth} levels deep.`);
  if ((found & holdsLargeNumbers) !== 0 && !isExact) value = new JsonReader(text).read();
  return (found & holdsTypes) === 0 ? value : unwrap(value, types);
}

/** Innermost first, in place: the value was made by the parser and nobody else holds it. */
function unwrap(value: unknown, types: JsonTypes): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) value[index] = unwrap(value[index], types);
    return value;
  }
  const record = value as Record<string, unknown>;
  const keys = Object.keys(record);
  // An own `__proto__` stays one: assigning to an existing data property never reaches the setter.
  for (const key of keys) record[key] = unwrap(record[key], types);
  // Exactly these two: with a third key it is an ordinary object (kombu 5.6 utils/json.py, object_hook).
  const isWrapped = keys.length === 2 && Object.hasOwn(record, '__type__') && Object.hasOwn(record, '__value__');
  return isWrapped ? types.decode(record.__type__, record.__value__) : record;
}
