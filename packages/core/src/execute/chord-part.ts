import { toError } from '@ctq/runtime';
import type { Kernel } from '../app/kernel.js';
import type { ChordPart, ChordProgress } from '../backend/result-backend.js';
import { type ChordJoin, joinOf } from '../canvas/chord-join.js';
import { dispatch } from '../canvas/dispatch.js';
import { JoinClaims } from '../canvas/join-claims.js';
import { parseNode } from '../canvas/serialize.js';
import type { SerializedSignature } from '../canvas/serialized-signature.js';
import { type SignatureNode, withLink } from '../canvas/signature-node.js';
import { mayRecover } from '../errors/may-recover.js';
import { ChordError } from '../errors/task-errors.js';
import { UniqueConflictError } from '../errors/unique-errors.js';
import { errorRepr } from '../protocol/error-repr.js';
import { encodeError, isStoredError } from '../result/error-document.js';
import { storedError } from '../result/stored-error.js';
import type { StoredError } from '../result/result-record.js';
import { exceptionStates, type TaskState } from '../result/states.js';
import { abandonSteps, type ChordMember, idsOf } from './abandon-steps.js';
import type { Inherited } from '../sending/inherited.js';
import { type Failed, sendErrbacks } from './errbacks.js';
import {
  type BodyFails,
  type BodyRuns,
  dependencyError,
  type HeaderState,
  mayDecide,
  plainJoin,
  verdictOf,
} from './join-verdict.js';

/**
 * Reports a finished header task to its chord; whoever completes the header sends the body. The chord is forgotten only after the body was taken by
 * the broker, so that a worker that dies in between leaves a chord that the redelivered member completes again, under the body's fixed id.
 */
export async function reportChordPart(
  kernel: Kernel,
  member: ChordMember,
  state: TaskState,
  result: unknown,
  inherited?: Inherited,
): Promise<void> {
  const { chord, group, groupIndex, id } = member;
  if (chord === null || group === null) return;
  const chords = await kernel.chords();
  // As Python writes it, whose workers read it too (celery 5.6 backends/redis.py, on_chord_part_return).
  const document = exceptionStates.has(state) && isStoredError(result) ? encodeError(result) : result;
  const part: ChordPart = { taskId: id, index: groupIndex ?? undefined, state, result: document };
  const progress = await chords.addPart(group, part);
  const join = joinOf(chord);
  if (join !== undefined)
    return await reportToJoin(kernel, { ...member, chord, group }, { join, part, ...progress }, inherited);
  if (progress.size === undefined || progress.count < progress.size) return;
  const body = parseNode(chord);
  const { size } = progress;
  const parts = await chords.parts(group);
  const verdict = verdictOf({ join: plainJoin, parts, size, errorOf: errorOf(kernel) });
  if (verdict !== undefined) await pronounce(kernel, verdict, body, member, inherited);
  else {
    // Another one that saw the same (a member that was delivered twice) has sent the body, and forgotten the chord since.
    if ((await chords.addPart(group, part)).size === undefined) return;
    await failStep(kernel, body, lost(parts.length, size), failedAt(member));
  }
  await chords.closeChord(group);
}

/** A member of a chord, known to be one. */
export interface JoinedMember extends ChordMember {
  readonly chord: SerializedSignature;
  readonly group: string;
}

/** How a chord stands when a member has ended. */
interface JoinProgress extends ChordProgress {
  readonly join: ChordJoin;
  readonly part: ChordPart;
}

/**
 * The same for a chord that is joined in a way of its own: whoever decides it takes it upon itself to send the body, and the chord is forgotten when the body was taken and nobody
 * is still to come.
 */
async function reportToJoin(
  kernel: Kernel,
  member: JoinedMember,
  { join, part, count, size }: JoinProgress,
  inherited: Inherited | undefined,
): Promise<void> {
  const { chord, group, id } = member;
  const chords = await kernel.chords();
  // It was forgotten, and not by Python: what was added now is left over.
  if (size === undefined) return await chords.closeChord(group);
  if (!mayDecide(join, part.state === 'SUCCESS', count, size)) return;
  const claims = new JoinClaims(kernel);
  // Behind the member that reached a quorum each of the others would read the whole header.
  const isDecided = count < size && (await claims.isOver(group));
  const verdict = isDecided
    ? undefined
    : verdictOf({ join, parts: await chords.parts(group), size, errorOf: errorOf(kernel) });
  if (verdict !== undefined && (await claims.claim(group, id)) === 'mine') {
    await pronounce(kernel, verdict, unjoined(chord), member, inherited);
    await claims.settle(group);
  }
  // Others may have come meanwhile.
  const now = await chords.addPart(group, part);
  if (now.size !== undefined && now.count >= now.size && (await claims.isOver(group)))
    await forgetChord(kernel, chord, group);
}

/**
 * The time of a header is over. Resolves with false when a member is sending the body at this moment, or has died doing so.
 * @param opened how many members there were to begin with
 * @param isForced does not wait for that one
 */
export async function endJoin(
  kernel: Kernel,
  member: JoinedMember,
  opened: number,
  isForced: boolean,
): Promise<boolean> {
  const { chord, group, id } = member;
  const join = joinOf(chord) ?? plainJoin;
  const claims = new JoinClaims(kernel);
  const claim = await claims.claimLate(group, id, isForced);
  if (claim !== 'mine') return claim === 'over';
  const parts = await (await kernel.chords()).parts(group);
  const size = Math.max(opened, parts.length);
  const verdict = verdictOf({ join, parts, size, isTimeOver: true, errorOf: errorOf(kernel) });
  if (verdict !== undefined) await pronounce(kernel, verdict, unjoined(chord), member, undefined);
  await claims.settle(group);
  if (parts.length >= opened) await forgetChord(kernel, chord, group);
  return true;
}

/** The body without what is said of the header before it. */
function unjoined(chord: SerializedSignature): SignatureNode {
  const node = parseNode(chord);
  const { joinedBy, ...options } = node.options;
  return { ...node, options };
}

function errorOf(kernel: Kernel): HeaderState['errorOf'] {
  return (part) => kernel.results.errorOf({ ...part, traceback: null });
}

async function pronounce(
  kernel: Kernel,
  verdict: BodyRuns | BodyFails,
  body: SignatureNode,
  member: ChordMember,
  inherited: Inherited | undefined,
): Promise<void> {
  if (verdict.kind === 'runs') return await sendBody(kernel, body, verdict.results, member, inherited);
  const failed = { ...failedAt(member), failedId: verdict.failedId ?? member.id };
  await failStep(kernel, body, storedError(verdict.error), failed);
}

/** Nobody sends its body any more. @param chord the body, as members carry it */
export async function forgetChord(kernel: Kernel, chord: SerializedSignature, groupId: string): Promise<void> {
  await (await kernel.chords()).closeChord(groupId);
  if (joinOf(chord) !== undefined) await new JoinClaims(kernel).forget(groupId);
}

function failedAt({ id, rootId, replyTo }: Pick<ChordMember, 'id' | 'rootId' | 'replyTo'>): Failed {
  return { failedId: id, rootId, replyTo };
}

/** The store has dropped some of them (celery 5.6 backends/redis.py, on_chord_part_return). */
function lost(found: number, size: number): StoredError {
  return storedError(new ChordError(`Join error: ${found} of ${size} results of the header are left`));
}

/**
 * Sends the body of a chord whose header is done; one that cannot be sent, now or later, has failed.
 * @throws what may be mended by another try
 */
export async function sendBody(
  kernel: Kernel,
  body: SignatureNode,
  results: readonly unknown[],
  last: Pick<ChordMember, 'id' | 'rootId' | 'replyTo'>,
  inherited?: Inherited,
): Promise<void> {
  const { id, rootId, replyTo } = last;
  const input = { args: [results], placement: { rootId, parentId: id }, replyTo };
  try {
    await dispatch(kernel, body, inherited === undefined ? input : { ...input, inherited });
  } catch (thrown) {
    const error = toError(thrown);
    const isTaken = UniqueConflictError.isInstance(error);
    if (!isTaken && mayRecover(error)) throw error;
    const why = isTaken ? error : unsendable(error);
    await failStep(kernel, body, storedError(why, kernel.results.errorClasses), failedAt(last));
  }
}

/** The body cannot be sent, now or later (celery 5.6 backends/redis.py, on_chord_part_return). */
function unsendable(cause: Error): ChordError {
  return new ChordError(`Callback error: ${errorRepr(cause)}`, { cause });
}

/** A member of the header failed. */
export async function failBody(kernel: Kernel, body: SignatureNode, cause: Error, failed: Failed): Promise<void> {
  await failStep(kernel, body, storedError(dependencyError(failed.failedId, cause)), failed);
}

/** A step will never run: everybody who waits for it, or for what follows it, is told why, and its errbacks are sent. */
export async function failStep(kernel: Kernel, step: SignatureNode, error: StoredError, failed: Failed): Promise<void> {
  const outer = await abandonSteps(kernel, step, { state: 'FAILURE', error, ...failed });
  for (const member of outer) await reportChordPart(kernel, member, 'FAILURE', error);
  for (const { id, errbacks } of errbacksOf(step)) await sendErrbacks(kernel, errbacks, { ...failed, failedId: id });
}

interface ErrbacksOfStep {
  /** What they are told that failed. */
  readonly id: string;
  readonly errbacks: readonly SerializedSignature[];
}

/**
 * A workflow fails as one, under its last id and with its own errbacks; those of a chord are its body's. Of a group every member fails (celery 5.6 backends/base.py,
 * _handle_group_chord_error).
 */
function errbacksOf(step: SignatureNode): readonly ErrbacksOfStep[] {
  if (step.kind === 'chord') return errbacksOf(step.body);
  const { linkError: errbacks = [] } = step.options;
  if (step.kind === 'group')
    return step.members.flatMap((member) =>
      errbacksOf(errbacks.reduce((linked, errback) => withLink(linked, 'linkError', errback), member)),
    );
  const id = idsOf(step).at(-1);
  return id === undefined || errbacks.length === 0 ? [] : [{ id, errbacks }];
}
