import type { Kernel } from '../app/kernel.js';
import type { ChordPart } from '../backend/result-backend.js';
import { dispatch } from '../canvas/dispatch.js';
import { parseNode } from '../canvas/serialize.js';
import type { SignatureNode } from '../canvas/signature-node.js';
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
  const parts = await chords.parts(group);
  // Whoever was as far at the same time (a member that was delivered twice) has sent the body, and forgotten the chord since.
  if (parts.length < progress.size) return;
  await concludeChord(kernel, parts, parseNode(chord), member, inherited);
  await chords.closeChord(group);
}

async function concludeChord(
  kernel: Kernel,
  parts: readonly ChordPart[],
  body: SignatureNode,
  { id, rootId, replyTo }: ChordMember,
  inherited: Inherited | undefined,
): Promise<void> {
  const failed = parts.find((part) => part.state !== 'SUCCESS');
  if (failed === undefined) {
    const results = parts.map((part) => part.result);
    const input = { args: [results], placement: { rootId, parentId: id }, replyTo };
    try {
      await dispatch(kernel, body, inherited === undefined ? input : { ...input, inherited });
    } catch (error) {
      if (!UniqueConflictError.isInstance(error)) throw error;
      await failStep(kernel, body, storedError(error), { failedId: id, rootId, replyTo });
    }
  } else {
    await failBody(kernel, body, failed, { rootId, replyTo });
  }
}

/** A member of the header failed (celery 5.6 backends/base.py, chord_error_from_stack). */
async function failBody(
  kernel: Kernel,
  body: SignatureNode,
  failed: ChordPart,
  workflow: Pick<Failed, 'rootId' | 'replyTo'>,
): Promise<void> {
  const cause = kernel.results.errorOf({ ...failed, traceback: null });
  const error = storedError(new ChordError(`Dependency ${failed.taskId} raised ${errorRepr(cause)}`, { cause }));
  await failStep(kernel, body, error, { failedId: failed.taskId, ...workflow });
}

/** A step will never run: everybody who waits for it, or for what follows it, is told why, and its errbacks are sent. */
export async function failStep(kernel: Kernel, step: SignatureNode, error: StoredError, failed: Failed): Promise<void> {
  const outer = await abandonSteps(kernel, step, { state: 'FAILURE', error, ...failed });
  for (const member of outer) await reportChordPart(kernel, member, 'FAILURE', error);
  const stepId = idsOf(step).at(-1);
  if (stepId !== undefined) await sendErrbacks(kernel, step.options.linkError ?? null, { ...failed, failedId: stepId });
}
