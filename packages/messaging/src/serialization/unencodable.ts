import { types } from 'node:util';

/**
 * What a value is and what to do about it, for the message of an EncodeError: `a Map: send Object.fromEntries(map) …`.
 *
 * @internal
 */
export function describeUnencodable(value: unknown): string {
  if (typeof value === 'function') return `a function (${value.name || 'anonymous'}): code cannot be sent; send data`;
  if (typeof value === 'symbol') return 'a symbol: send its description as a string';
  if (typeof value === 'bigint') return 'a bigint that is too large';
  if (typeof value !== 'object' || value === null) return `a value of type ${typeof value}`;
  if (types.isMap(value)) return 'a Map: send Object.fromEntries(map), or [...map] for keys that are not strings';
  if (types.isSet(value)) return 'a Set: send [...set]';
  if (types.isPromise(value)) return 'a promise: await it first';
  if (types.isNativeError(value)) return `an error (${value.name}): send its message, or { name, message }`;
  if (types.isDate(value)) return 'a Date';
  if (types.isAnyArrayBuffer(value)) return 'an ArrayBuffer: send new Uint8Array(buffer)';
  if (types.isTypedArray(value) || types.isDataView(value)) {
    return `a ${className(value)}: send Array.from(array) for numbers, or a Uint8Array for bytes`;
  }
  return (
    `an instance of ${className(value)}: send a plain object such as { ...value }, give the class a toJSON method, ` +
    'or register it with createJsonSerializer({ types })'
  );
}

function className(value: object): string {
  const constructor: unknown = (value as { readonly constructor?: unknown }).constructor;
  return typeof constructor === 'function' && constructor.name !== '' ? constructor.name : 'a class without a name';
}
