/**
 * How ctq's value classes are recognised: by a registered symbol and not with `instanceof`, which is false between two
 * copies of this package (an application and a library that each bring their own).
 */
const valueMark: unique symbol = Symbol.for('ctq.value');

/**
 * Also the `__type__` under which Kombu's JSON carries the value (kombu 5.6 utils/json.py, _register_default_types).
 */
export type ValueKind = 'datetime' | 'date' | 'time' | 'decimal' | 'uuid';

/** Which value class an object belongs to, whichever copy of the package made it. */
export function valueKind(value: object): ValueKind | undefined {
  return (value as { readonly [valueMark]?: ValueKind })[valueMark];
}

/** Called once by each value class, from its static block. @internal */
export function markValues(prototype: object, kind: ValueKind): void {
  Object.defineProperty(prototype, valueMark, { value: kind });
}

/** @internal */
export function isValueOfKind(value: unknown, kind: ValueKind): boolean {
  return typeof value === 'object' && value !== null && valueKind(value) === kind;
}
