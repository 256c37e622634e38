import type { Decimal, PlainDate, PlainTime, Uuid } from '@ctq/messaging';
import type { ResultTuple } from '../result/result-record.js';

/** Values that arrive as what they were: JSON's own, and those that Kombu's `__type__` extensions carry. An integer is one number to all languages: a
 * small `bigint` arrives as a `number`. */
export type WireScalar = string | number | boolean | null | Date | Uint8Array | Decimal | Uuid | PlainDate | PlainTime;

type IsAny<T> = 0 extends 1 & T ? true : false;
type IsUnknown<T> = IsAny<T> extends true ? false : unknown extends T ? true : false;
type AnyFunction = (...args: never[]) => unknown;
// biome-ignore format: one collection a line reads better
type Unserializable =
  | AnyFunction
  | symbol
  | ReadonlyMap<unknown, unknown>
  | ReadonlySet<unknown>
  | WeakMap<WeakKey, unknown>
  | WeakSet<WeakKey>
  | PromiseLike<unknown>;

/** Data members of an object; an object that also has methods is a class instance, whose prototype no serializer carries. */
type HasMethods<T extends object> = {
  [K in keyof T]-?: NonNullable<T[K]> extends AnyFunction ? K : never;
}[keyof T] extends never
  ? false
  : true;

/** A member keeps its `undefined`: the serializer leaves such members out. */
type WireMember<T> = T extends undefined ? undefined : Wire<T>;

/**
 * The type of a value after it went through the serializer: what a result has on the client. `undefined` becomes `null`; an object with `toJSON`
 * becomes what that returns; a `Map`, a `Set`, a function, an instance of a class with methods do not survive and become `never`.
 */
export type Wire<T> =
  IsAny<T> extends true
    ? T
    : IsUnknown<T> extends true
      ? unknown
      : T extends WireScalar
        ? T
        : T extends bigint
          ? bigint | number
          : T extends undefined | void
            ? null
            : T extends Unserializable
              ? never
              : // Results name their parents in this form without end, and it is plain already.
                T extends ResultTuple
                ? T
                : T extends { toJSON(...args: never[]): infer J }
                  ? Wire<J>
                  : T extends readonly unknown[]
                    ? { -readonly [K in keyof T]: Wire<T[K]> }
                    : T extends object
                      ? HasMethods<T> extends true
                        ? never
                        : { [K in keyof T]: WireMember<T[K]> }
                      : never;
