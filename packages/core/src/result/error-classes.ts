import type { ErrorClass } from '../task/task-options.js';

/** What of an error in a result is restored by its class. */
export interface ErrorParts {
  readonly message: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

/** Members that an error has anyway, and those that would change what it is. */
const reserved: ReadonlySet<string> = new Set([
  ...['name', 'message', 'stack', 'cause', 'errors', 'code', 'details'],
  ...['__proto__', 'constructor', 'prototype'],
]);

/** Values that every serializer keeps, this deep and no deeper. */
const deepestProperty = 6;

/**
 * The classes of errors that an app lists: its workers store the own properties of their errors, its clients are thrown errors of these very classes. A
 * class is found by its name in this list and nowhere else; what a message says chooses among what the program listed.
 */
export class ErrorClasses {
  readonly #byName: ReadonlyMap<string, ErrorClass>;

  /** @throws TypeError for classes without a name, or two of one name: results could not tell them apart. */
  constructor(classes: readonly ErrorClass[] = []) {
    const byName = new Map<string, ErrorClass>();
    for (const errorClass of classes) {
      const { name } = errorClass;
      if (name === '') throw new TypeError('errorClasses: a class needs a name, by which results know it.');
      if (byName.has(name))
        throw new TypeError(`errorClasses: two classes are called '${name}'; results could not tell them apart.`);
      byName.set(name, errorClass);
    }
    this.#byName = byName;
  }

  /** The name by which the class of an error is listed; a subclass that is not listed is none. */
  nameOf(error: Error): string | undefined {
    const errorClass: unknown = error.constructor;
    if (typeof errorClass !== 'function') return undefined;
    return this.#byName.get(errorClass.name) === errorClass ? errorClass.name : undefined;
  }

  /**
   * An error of the listed class. Its constructor is not called, since what it takes is not known: the message and the stored properties are put in place.
   * Undefined for a name that is not listed.
   */
  restore(name: string, { message, properties }: ErrorParts): Error | undefined {
    const errorClass = this.#byName.get(name);
    if (errorClass === undefined) return undefined;
    const error = new Error(message);
    const prototype = errorClass.prototype as object;
    Object.setPrototypeOf(error, prototype);
    for (const [key, value] of Object.entries(properties)) {
      // What the class defines itself (methods, accessors) is not a message's to replace.
      if (isProperty(key) && !(key in prototype))
        Object.defineProperty(error, key, { value, enumerable: true, configurable: true, writable: true });
    }
    for (const key of ['name', 'code'] as const) {
      if (typeof properties[key] === 'string' || (key === 'code' && typeof properties[key] === 'number'))
        Object.defineProperty(error, key, {
          value: properties[key],
          enumerable: key === 'code',
          configurable: true,
          writable: true,
        });
    }
    return error;
  }
}

/** Own enumerable members of an error that are plain data; undefined when there are none. */
export function plainProperties(error: Error): Readonly<Record<string, unknown>> | undefined {
  const properties: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(error)) {
    if (isProperty(key) && isPlainData(value, deepestProperty)) properties[key] = value;
  }
  return Object.keys(properties).length === 0 ? undefined : properties;
}

function isProperty(key: string): boolean {
  return !reserved.has(key);
}

function isPlainData(value: unknown, depth: number): boolean {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true;
  if (typeof value === 'number') return Number.isFinite(value);
  if (value instanceof Date) return !Number.isNaN(value.getTime());
  if (typeof value !== 'object' || depth === 0) return false;
  if (Array.isArray(value)) return value.every((item) => isPlainData(item, depth - 1));
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return false;
  return Object.values(value).every((item) => isPlainData(item, depth - 1));
}
