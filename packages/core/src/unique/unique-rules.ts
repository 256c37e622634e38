import { durationMs } from '@ctq/runtime';
import type { OnConflict, UniqueCallOptions, UniqueOptions, UniqueState } from './unique-options.js';

/** In the order in which a call goes through them. */
export const uniqueStates: readonly UniqueState[] = ['waiting', 'running', 'succeeded', 'failed'];

const conflicts: readonly OnConflict[] = ['return', 'drop', 'replace', 'throw'];
const names: readonly string[] = ['key', 'window', 'states', 'onConflict'];
const defaultWindowMs = 60 * 60 * 1_000;

/** Checked, with defaults. */
export interface UniqueRules {
  readonly windowMs: number;
  readonly states: readonly UniqueState[];
  readonly onConflict: OnConflict;
}

/** What is to be unique about a call. */
export interface Uniqueness extends UniqueRules {
  readonly key: string;
}

/** Any of the forms in which a task or a call says that it is unique. */
export type GivenUnique = boolean | UniqueOptions<never> | UniqueCallOptions;

/**
 * The rules of a call: its own over those of its task.
 * @throws TypeError, RangeError for options that cannot be meant.
 */
export function uniqueRules(task: string, ...given: readonly (GivenUnique | undefined)[]): UniqueRules {
  const merged: { -readonly [K in keyof UniqueCallOptions]: unknown } = {};
  for (const options of given) {
    if (options === undefined || typeof options === 'boolean') continue;
    check(task, options);
    Object.assign(merged, Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)));
  }
  const { window, states, onConflict } = merged as UniqueCallOptions;
  return {
    windowMs: window === undefined ? defaultWindowMs : durationMs(window),
    states: states ?? ['waiting', 'running'],
    onConflict: onConflict ?? 'return',
  };
}

function check(task: string, options: UniqueOptions<never> | UniqueCallOptions): void {
  // Options in a message may be anything.
  if (typeof options !== 'object' || options === null || Array.isArray(options))
    throw new TypeError(`Task ${task}: 'unique' is true, false or an object, not ${JSON.stringify(options)}.`);
  const unknown = Object.keys(options).find((name) => !names.includes(name));
  if (unknown !== undefined)
    throw new TypeError(`Task ${task}: 'unique' has no option '${unknown}', but ${names.join(', ')}.`);
  const { window, states, onConflict } = options;
  if (window !== undefined && !(durationMs(window) > 0 && durationMs(window) < Number.POSITIVE_INFINITY))
    throw new RangeError(`Task ${task}: the window of 'unique' has to be longer than 0 and to have an end.`);
  if (onConflict !== undefined && !conflicts.includes(onConflict))
    throw new TypeError(`Task ${task}: 'onConflict' is one of ${conflicts.join(', ')}, not '${String(onConflict)}'.`);
  if (states !== undefined) checkStates(task, states);
}

/** A key that was let go would have to be fought for again. */
function checkStates(task: string, states: readonly UniqueState[]): void {
  const has = (state: UniqueState): boolean => states.includes(state);
  const isWhole =
    states.every((state) => uniqueStates.includes(state)) &&
    has('waiting') &&
    (has('running') || (!has('succeeded') && !has('failed')));
  if (!isWhole) {
    throw new TypeError(
      `Task ${task}: 'states' begins with waiting, then running, then succeeded or failed or both; not ${JSON.stringify(states)}.`,
    );
  }
}

/** @throws TypeError, RangeError as `uniqueRules`: when a task is defined rather than when it is called. */
export function checkUnique(name: string, unique: GivenUnique | undefined): void {
  if (unique === undefined || typeof unique === 'boolean') return;
  uniqueRules(name, unique);
  if (unique.key !== undefined && typeof unique.key !== 'function')
    throw new TypeError(`Task ${name}: the key of 'unique' is a function of the arguments.`);
}
