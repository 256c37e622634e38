/**
 * Deeper structures are refused in both directions (Python's own limit is about the same: RecursionError). A message
 * that is nested deeper is an attack or a mistake, and would exhaust the stack of whoever walks over it.
 *
 * @internal
 */
export const maxDepth = 1000;

/**
 * Whether `JSON.stringify` writes this value exactly as Kombu expects. True for nearly everything that is sent, so this
 * is the hot path: no allocation, and "no" at the first doubt.
 *
 * @internal
 */
export function isPlainJson(value: unknown, depth: number): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
    case 'undefined':
      return true;
    case 'number':
      // Integers that a double holds exactly, without -0; of the rest, what has a fraction. JSON.stringify writes 2 **
      // 60 as an integer, which would come back as a bigint.
      return Number.isSafeInteger(value)
        ? value !== 0 || 1 / value > 0
        : Number.isFinite(value) && !Number.isInteger(value);
    case 'object':
      if (value === null) return true;
      if (depth >= maxDepth) return false;
      return Array.isArray(value) ? isPlainArray(value, depth + 1) : isPlainRecord(value, depth + 1);
    default:
      return false;
  }
}

function isPlainArray(array: readonly unknown[], depth: number): boolean {
  for (let index = 0; index < array.length; index++) {
    if (!isPlainJson(array[index], depth)) return false;
  }
  return (array as { readonly toJSON?: unknown }).toJSON === undefined;
}

function isPlainRecord(value: object, depth: number): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return false;
  const record = value as Record<string, unknown>;
  if (record.toJSON !== undefined || record.__type__ !== undefined) return false;
  for (const key in record) {
    if (!isPlainJson(record[key], depth)) return false;
  }
  return true;
}

/** Findings of {@link inspectParsed}, to be tested with `&`. @internal */
export const holdsTypes = 1;
/** @internal */
export const holdsLargeNumbers = 2;
/** @internal */
export const isTooDeep = 4;

/**
 * What `JSON.parse` could not give: wrapped values that are to be unwrapped, integers that may have lost digits, too
 * many levels. 0 for nearly everything that is received.
 *
 * @internal
 */
export function inspectParsed(value: unknown, depth: number): number {
  if (typeof value === 'number') {
    // Beyond 2^53 every double is an integer; an integer of more than 308 digits was read as Infinity.
    return value > Number.MAX_SAFE_INTEGER || value < Number.MIN_SAFE_INTEGER ? holdsLargeNumbers : 0;
  }
  if (typeof value !== 'object' || value === null) return 0;
  if (depth >= maxDepth) return isTooDeep;
  let found = 0;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) found |= inspectParsed(value[index], depth + 1);
    return found;
  }
  const record = value as Record<string, unknown>;
  if (record.__type__ !== undefined) found = holdsTypes;
  for (const key in record) found |= inspectParsed(record[key], depth + 1);
  return found;
}
