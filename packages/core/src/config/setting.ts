import type { DurationUnit } from '@ctq/runtime';

/**
 * Whether a setting has its effect in this version: `effective`, or `accepted`, which is said in the log where it is set to something else than
 * its default. Settings that will never have one are in `refusedSettings`.
 */
export type SettingStatus = 'effective' | 'accepted';

/** One row of the settings table; the reference page is made of them. `Given` is what may be given for it. */
export interface Setting<Given> {
  readonly type: SettingType<Parsed<Given>>;
  readonly default: Parsed<Given>;
  readonly status: SettingStatus;
  /** Celery's old upper-case names. */
  readonly old: readonly string[];
  /** One line for the reference page, and the one on the member of the interface. */
  readonly doc: string;
}

/** A namespace of settings: a row for each member of the interface that says what may be given. */
export type SettingsTable<Given> = { readonly [K in keyof Given]-?: Setting<Given[K]> };

/** Recognises the values of a setting. */
export interface SettingType<T> {
  /** For people, after "expected": `true or false`. */
  readonly expected: string;
  /** The value as ctq works with it, or `mismatch`. */
  parse(value: unknown): T | typeof mismatch;
  /** The same for text, from the environment or a command line. Without it, text is parsed as it is. */
  parseText?(text: string): T | typeof mismatch;
}

export const mismatch: unique symbol = Symbol('mismatch');

/** What becomes of a given value: durations are seconds, `null` (Python's None) is undefined. */
export type Parsed<Given> = unknown extends Given
  ? unknown
  : Exclude<Given, null | `${number}${DurationUnit}` | DeliveryModeName> | (null extends Given ? undefined : never);

/** Celery's names for the delivery modes 1 and 2. */
export type DeliveryModeName = 'transient' | 'persistent';

export interface RefusedSettings {
  /** What to do instead. */
  readonly reason: string;
  readonly names: readonly string[];
}
