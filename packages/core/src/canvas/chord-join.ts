import { type Duration, durationMs } from '@ctq/runtime';
import { InvalidTaskMessageError } from '../errors/task-errors.js';
import type { SerializedSignature } from './serialized-signature.js';

/**
 * What becomes of a chord whose member fails:
 * - `fail` (default, Celery's way): once all have ended, the chord fails;
 * - `collect`: the body is called once all have ended, with a `MemberOutcome` of each;
 * - `quorum`: the body is called as soon as so many have succeeded, with the results of those that have by then, in the header's order. The chord fails as soon as that
 *   many cannot succeed any more.
 */
export type OnMemberError = 'fail' | 'collect' | { readonly quorum: number };

/** How the header of a chord is joined. What differs from Celery's way needs workers of ctq for the header. */
export interface ChordOptions {
  readonly onMemberError?: OnMemberError;
  /**
   * How long the header may take, from the moment in which it is sent. Then the chord fails; with `collect` the body is called, with `PENDING` for those that have not
   * ended. They are not stopped.
   */
  readonly timeout?: Duration;
}

/** How one member of a header ended, in the form of `Promise.allSettled`. */
export type MemberOutcome<R> =
  | { readonly status: 'fulfilled'; readonly value: R }
  | { readonly status: 'rejected'; readonly reason: MemberError };

export interface MemberError {
  /** PENDING: it had not ended when the chord's time was over. */
  readonly state: 'FAILURE' | 'REVOKED' | 'PENDING';
  /** The name of its error, as `ValueError`. */
  readonly type: string;
  readonly message: string;
  /** Null for one that had not ended. */
  readonly taskId: string | null;
}

/** The same as it travels: in a signature of a chord, and in that of a body which its members carry. */
export interface ChordJoin {
  readonly onMemberError: OnMemberError;
  readonly timeoutMs?: number;
}

/**
 * Undefined for Celery's way.
 * @throws RangeError for a quorum that nothing reaches, TypeError for what is no choice.
 */
export function chordJoin({ onMemberError = 'fail', timeout }: ChordOptions, members: number): ChordJoin | undefined {
  const problem = problemWith(onMemberError);
  if (problem !== undefined) throw problem;
  if (typeof onMemberError === 'object' && onMemberError.quorum > members && members > 0)
    throw new RangeError(`A quorum of ${onMemberError.quorum} of ${members} members is never reached.`);
  if (timeout === undefined) return onMemberError === 'fail' ? undefined : { onMemberError };
  return { onMemberError, timeoutMs: durationMs(timeout) };
}

function problemWith(onMemberError: unknown): Error | undefined {
  if (onMemberError === 'fail' || onMemberError === 'collect') return undefined;
  if (!isRecord(onMemberError) || !('quorum' in onMemberError))
    return new TypeError(`onMemberError is 'fail', 'collect' or { quorum: 2 }, not ${JSON.stringify(onMemberError)}.`);
  const { quorum } = onMemberError;
  return Number.isInteger(quorum) && Number(quorum) > 0
    ? undefined
    : new RangeError(`A quorum is a whole number of members, 1 or more, not ${String(quorum)}.`);
}

/** The names of the options in which they stand. Python sends a signature that has them as any other. */
export const joinOption = 'ctq_join';
export const joinedByOption = 'ctq_joined_by';

export function encodeJoin({ onMemberError, timeoutMs }: ChordJoin): Readonly<Record<string, unknown>> {
  return { on_member_error: onMemberError, ...(timeoutMs === undefined ? {} : { timeout: timeoutMs / 1_000 }) };
}

/** @throws InvalidTaskMessageError */
export function decodeJoin(value: unknown): ChordJoin {
  const { on_member_error: onMemberError, timeout } = isRecord(value) ? value : {};
  const isDuration = timeout === undefined || (typeof timeout === 'number' && timeout >= 0);
  if (problemWith(onMemberError) !== undefined || !isDuration)
    throw new InvalidTaskMessageError('The message does not say in a known way how a chord is joined.');
  const choice = onMemberError as OnMemberError;
  return timeout === undefined ? { onMemberError: choice } : { onMemberError: choice, timeoutMs: timeout * 1_000 };
}

/** How the chord is joined whose member carries this body; undefined for Celery's way. @throws InvalidTaskMessageError */
export function joinOf({ options }: SerializedSignature): ChordJoin | undefined {
  const value = isRecord(options) ? options[joinedByOption] : undefined;
  return value === undefined || value === null ? undefined : decodeJoin(value);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
