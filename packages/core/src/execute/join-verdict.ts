import type { ChordPart } from '../backend/result-backend.js';
import type { ChordJoin, MemberOutcome } from '../canvas/chord-join.js';
import { ChordError } from '../errors/task-errors.js';
import { errorRepr } from '../protocol/error-repr.js';

/** What becomes of a chord: its body is called with a list, or fails; undefined as long as it has to wait. */
export type Verdict = BodyRuns | BodyFails | undefined;

export interface BodyRuns {
  readonly kind: 'runs';
  readonly results: readonly unknown[];
}

export interface BodyFails {
  readonly kind: 'fails';
  readonly error: ChordError;
  /** Which member is the reason; undefined where none alone is. */
  readonly failedId: string | undefined;
}

/** The header of a chord at one moment. */
export interface HeaderState {
  readonly join: ChordJoin;
  /** Those that have ended. */
  readonly parts: readonly ChordPart[];
  /** All there are. */
  readonly size: number;
  readonly isTimeOver?: boolean;
  /** The error with which a member failed. */
  readonly errorOf: (part: ChordPart) => Error;
}

/** Whether the member that has ended now may decide the chord, so that the others are worth looking at. */
export function mayDecide({ onMemberError }: ChordJoin, isSuccess: boolean, count: number, size: number): boolean {
  if (count >= size) return true;
  if (typeof onMemberError !== 'object') return false;
  return isSuccess ? count >= onMemberError.quorum : size - count < onMemberError.quorum;
}

/** Celery's way. */
export const plainJoin: ChordJoin = { onMemberError: 'fail' };

export function verdictOf(header: HeaderState): Verdict {
  const { onMemberError } = header.join;
  if (typeof onMemberError === 'object') return verdictOfQuorum(header, onMemberError.quorum);
  const { parts, size, isTimeOver } = header;
  const isWhole = parts.length >= size;
  if (!isWhole && isTimeOver !== true) return undefined;
  if (onMemberError === 'collect') return { kind: 'runs', results: outcomesOf(header) };
  if (!isWhole) return { kind: 'fails', error: outOfTime(header, 'the chord waits for all'), failedId: undefined };
  const failed = parts.find((part) => !isSuccess(part));
  if (failed === undefined) return runsWith(parts);
  return { kind: 'fails', error: dependencyError(failed.taskId, header.errorOf(failed)), failedId: failed.taskId };
}

/** A member of the header failed (celery 5.6 backends/base.py, chord_error_from_stack). */
export function dependencyError(failedId: string, cause: Error): ChordError {
  return new ChordError(`Dependency ${failedId} raised ${errorRepr(cause)}`, { cause });
}

function verdictOfQuorum(header: HeaderState, quorum: number): Verdict {
  const { parts, size, isTimeOver, errorOf } = header;
  const succeeded = parts.filter(isSuccess);
  if (succeeded.length >= quorum) return runsWith(succeeded);
  const failed = parts.filter((part) => !isSuccess(part));
  const [first] = failed;
  if (first !== undefined && size - failed.length < quorum) {
    const message = `Quorum error: ${failed.length} of ${size} members failed, so that ${quorum} cannot succeed any more`;
    return { kind: 'fails', error: new ChordError(message, { cause: errorOf(first) }), failedId: first.taskId };
  }
  if (isTimeOver !== true) return undefined;
  const error = outOfTime(header, `the chord needs ${quorum} that succeed and has ${succeeded.length}`);
  return { kind: 'fails', error, failedId: undefined };
}

function runsWith(parts: readonly ChordPart[]): BodyRuns {
  return { kind: 'runs', results: parts.map(({ result }) => result) };
}

function isSuccess({ state }: ChordPart): boolean {
  return state === 'SUCCESS';
}

function outOfTime({ join, parts, size }: HeaderState, why: string): ChordError {
  const seconds = (join.timeoutMs ?? 0) / 1_000;
  return new ChordError(`Time over: ${parts.length} of ${size} members have ended within ${seconds}s, and ${why}`);
}

/** In the header's order, with those that have not ended in the places that nobody has. */
function outcomesOf(header: HeaderState): readonly MemberOutcome<unknown>[] {
  const { parts, size } = header;
  const ended = parts.map((part) => ({ index: part.index ?? size, outcome: outcomeOf(header, part) }));
  const taken = new Set(parts.map(({ index }) => index));
  const free = Array.from({ length: size }, (_, index) => index).filter((index) => !taken.has(index));
  const pending = free
    .slice(0, Math.max(0, size - parts.length))
    .map((index) => ({ index, outcome: pendingAfter(header) }));
  return [...ended, ...pending].toSorted((a, b) => a.index - b.index).map(({ outcome }) => outcome);
}

function outcomeOf({ errorOf }: HeaderState, part: ChordPart): MemberOutcome<unknown> {
  if (isSuccess(part)) return { status: 'fulfilled', value: part.result };
  const { name, message } = errorOf(part);
  const state = part.state === 'REVOKED' ? 'REVOKED' : 'FAILURE';
  return { status: 'rejected', reason: { state, type: name, message, taskId: part.taskId } };
}

function pendingAfter({ join }: HeaderState): MemberOutcome<unknown> {
  const message = `It had not ended within ${(join.timeoutMs ?? 0) / 1_000}s.`;
  return { status: 'rejected', reason: { state: 'PENDING', type: 'TimeoutError', message, taskId: null } };
}
