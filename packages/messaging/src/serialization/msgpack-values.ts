import { types } from 'node:util';
import { toError } from '@ctq/runtime';
import { DecodeError, EncodeError } from '../errors.js';
import { valueKind } from '../values/value-mark.js';
import { maxDepth } from './json-scan.js';
import { isPlainObject, setOwn } from './plain-object.js';
import { describeUnencodable } from './unencodable.js';
import { describePath } from './value-path.js';

type Path = (string | number)[];

const smallestInteger = -(2n ** 63n);
const largestInteger = 2n ** 64n - 1n;

/**
 * A copy made only of what msgpackr writes without extension types: records as Maps (whatever their keys are called),
 * bytes as Buffers, integers beyond 32 bits as bigints (msgpackr writes such numbers as floats, which Python does not
 * take for integers).
 *
 * @throws EncodeError naming the place. @internal
 */
export function toPackable(root: unknown): unknown {
  const path: Path = [];
  const open = new Set<object>();
  const fail = (reason: string, cause?: unknown): EncodeError => {
    const place = describePath(root, path.slice(0, 20));
    return new EncodeError(`Cannot encode ${place} as msgpack: ${reason}.`, { cause, details: { path: [...path] } });
  };

  const convert = (value: unknown): unknown => {
    switch (typeof value) {
      case 'undefined':
        return null;
      case 'string':
      case 'boolean':
        return value;
      case 'number':
        return Number.isSafeInteger(value) && (value > 0xffff_ffff || value < -0x8000_0000) ? BigInt(value) : value;
      case 'bigint':
        if (value < smallestInteger || value > largestInteger)
          throw fail('msgpack has no integers beyond 64 bits; send a string');
        return Number.isSafeInteger(Number(value)) ? convert(Number(value)) : value;
      case 'object':
        return value === null ? null : convertObject(value);
      default:
        throw fail(describeUnencodable(value));
    }
  };

  const convertObject = (value: object): unknown => {
    if (types.isUint8Array(value)) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    if (types.isDate(value) || valueKind(value) !== undefined) {
      throw fail(
        `msgpack in Kombu has no type for a ${valueKind(value) ?? 'datetime'}; send its text, or use the json serializer`,
      );
    }
    if (open.has(value)) throw fail('the structure is circular here: send ids instead of references to parents');
    if (open.size >= maxDepth) throw fail(`nested more than ${maxDepth} levels deep`);
    open.add(value);
    const converted = Array.isArray(value) ? value.map((item, index) => at(index, item)) : convertRecord(value);
    open.delete(value);
    return converted;
  };

  const convertRecord = (value: object): unknown => {
    const { toJSON } = value as { readonly toJSON?: unknown };
    if (typeof toJSON === 'function') {
      const reduced: unknown = toJSON.call(value, String(path.at(-1) ?? ''));
      if (reduced !== value) return convert(reduced);
    } else if (!isPlainObject(value)) throw fail(describeUnencodable(value));
    const record = new Map<string, unknown>();
    for (const [key, member] of Object.entries(value)) {
      if (member !== undefined) record.set(key, at(key, member));
    }
    return record;
  };

  const at = (key: string | number, value: unknown): unknown => {
    path.push(key);
    const converted = convert(value);
    path.pop();
    return converted;
  };

  try {
    return convert(root);
  } catch (error) {
    throw EncodeError.isInstance(error)
      ? error
      : fail(`${toError(error).message} (thrown by a getter or a toJSON method)`, error);
  }
}

/** The reverse: Maps to records, bigints to numbers where that is exact, bytes to arrays of their own. @internal */
export function fromUnpacked(value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  if (Array.isArray(value)) return value.map(fromUnpacked);
  if (types.isUint8Array(value)) return value.slice();
  if (!types.isMap(value)) return value;
  const record: Record<string, unknown> = {};
  for (const [key, member] of value) {
    if (typeof key === 'object') throw new DecodeError('The content has a map key that is neither text nor a number.');
    setOwn(record, String(key), fromUnpacked(member));
  }
  return record;
}
