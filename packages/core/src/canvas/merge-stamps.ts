import type { StampOptions, Stamps } from './stamping-visitor.js';

/**
 * Stamps of two origins. Under a name that both have the first one's value stands; with `appendStamps` both values, in a list or, for objects, member by member
 * (celery 5.6 canvas.py, _merge_dictionaries).
 */
export function mergeStamps(first: Stamps, second: Stamps, { appendStamps = false }: StampOptions): Stamps {
  const merged: Record<string, unknown> = { ...second, ...first };
  if (appendStamps) {
    for (const [name, value] of Object.entries(first)) {
      if (Object.hasOwn(second, name)) merged[name] = both(value, second[name]);
    }
  }
  return merged;
}

function both(first: unknown, second: unknown): unknown {
  if (isPlain(first) && isPlain(second)) return mergeStamps(first, second, { appendStamps: true });
  // Celery's rule for null: nothing, as the first of two; a list that comes after it is one value.
  if (first === null) return [second];
  const list: readonly unknown[] = Array.isArray(first) ? first : [first];
  return Array.isArray(second) ? [...list, ...(second as readonly unknown[])] : [...list, second];
}

function isPlain(value: unknown): value is Stamps {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
