import { toError } from '@ctq/runtime';
import type { Kernel } from '../app/kernel.js';
import type { ChordPart } from '../backend/result-backend.js';
import { dispatch } from '../canvas/dispatch.js';
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
  if (progress.size === undefined || progress.count < progress.size) return;
  const body = parseNode(chord);
  const parts = await chords.parts(group);
  if (parts.length >= progress.size) await concludeChord(kernel, parts, body, member, inherited);
  else {
    // Another one that saw the same (a member that was delivered twice) has sent the body, and forgotten the chord since.
    const { size } = await chords.addPart(group, part);
    if (size === undefined) return;
    await failStep(kernel, body, lost(parts.length, size), failedAt(member));
  }
  await chords.closeChord(group);
}

function failedAt({ id, rootId, replyTo }: Pick<ChordMember, 'id' | 'rootId' | 'replyTo'>): Failed {
  return { failedId: id, rootId, replyTo };
}

/** The store has dropped some of them (celery 5.6 backends/redis.py, on_chord_part_return). */
function lost(found: number, size: number): StoredError {
  return storedError(new ChordError(`Join error: ${found} of ${size} results of the header are left`));
}

async function concludeChord(
  kernel: Kernel,
  parts: readonly ChordPart[],
  body: SignatureNode,
  member: ChordMember,
  inherited: Inherited | undefined,
): Promise<void> {
  const failed = parts.find((part) => part.state !== 'SUCCESS');
  if (failed === undefined) {
    const results = parts.map((part) => part.result);
    await sendBody(kernel, body, results, member, inherited);
  } else {
    const cause = kernel.results.errorOf({ ...failed, traceback: null });
    await failBody(kernel, body, cause, { ...failedAt(member), failedId: failed.taskId });
  }
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

/** A member of the header failed (celery 5.6 backends/base.py, chord_error_from_stack). */
export async function failBody(kernel: Kernel, body: SignatureNode, cause: Error, failed: Failed): Promise<void> {
  const error = storedError(new ChordError(`Dependency ${failed.failedId} raised ${errorRepr(cause)}`, { cause }));
  await failStep(kernel, body, error, failed);
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
