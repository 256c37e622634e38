/** Deeper than this nobody configures. */
const mostLevels = 10;

/** A value as JSON can hold it: what it cannot is its text (celery 5.6 utils/serialization.py, jsonify). */
export function plainValue(value: unknown, levels: number = mostLevels): unknown {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      return Number.isFinite(value) ? value : String(value);
    case 'undefined':
      return null;
    case 'object':
      return value === null ? null : plainObject(value, levels);
    default:
      return String(value);
  }
}

function plainObject(value: object, levels: number): unknown {
  if (levels === 0) return '...';
  const inner = (one: unknown): unknown => plainValue(one, levels - 1);
  if (saysItself(value)) return inner(value.toJSON());
  if (value instanceof RegExp) return String(value);
  if (Array.isArray(value) || value instanceof Set) return [...(value as Iterable<unknown>)].map(inner);
  const entries = value instanceof Map ? [...(value as Map<unknown, unknown>)] : Object.entries(value);
  return Object.fromEntries(entries.map(([key, one]) => [String(key), inner(one)]));
}

function saysItself(value: object): value is { toJSON(): unknown } {
  return 'toJSON' in value && typeof value.toJSON === 'function';
}
