import { isDeepStrictEqual } from 'node:util';
import type { Kernel } from '../app/kernel.js';
import type { ChordPart, ChordRole } from '../backend/result-backend.js';
import { dispatch } from '../canvas/dispatch.js';
import { parseNode } from '../canvas/serialize.js';
import type { SignatureNode } from '../canvas/signature-node.js';
import { ChordError, NoChordSupportError } from '../errors/task-errors.js';
import { saferepr } from '../protocol/args-repr.js';
import { encodeError, isStoredError } from '../result/error-document.js';
import { storedError } from '../result/stored-error.js';
import { exceptionStates, type TaskState } from '../result/states.js';
import { abandonSteps, type ChordMember, idsOf } from './abandon-steps.js';
import type { Inherited } from '../sending/inherited.js';
import { sendErrbacks } from './continuations.js';

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
  const backend = await kernel.results.backend();
  if (backend.chords === undefined) throw new NoChordSupportError(backend.name);
  // As Python writes it, whose workers read it too (celery 5.6 backends/redis.py, on_chord_part_return).
  const document = exceptionStates.has(state) && isStoredError(result) ? encodeError(result) : result;
  const part: ChordPart = { taskId: id, index: groupIndex ?? undefined, state, result: document };
  const progress = await backend.chords.addPart(group, part);
  if (progress.size === undefined || progress.count < progress.size) return;
  await concludeChord(kernel, backend.chords, group, parseNode(chord), member, inherited);
}

async function concludeChord(
  kernel: Kernel,
  chords: ChordRole,
  groupId: string,
  body: SignatureNode,
  { id, rootId }: ChordMember,
  inherited: Inherited | undefined,
): Promise<void> {
  const parts = await chords.parts(groupId);
  const failed = parts.find((part) => part.state !== 'SUCCESS');
  if (failed === undefined) {
    const results = parts.map((part) => part.result);
    const input = { args: [results], placement: { rootId, parentId: id } };
    await dispatch(kernel, body, inherited === undefined ? input : { ...input, inherited });
  } else {
    await failBody(kernel, body, failed, rootId);
  }
  await chords.closeChord(groupId);
}

/** The body will never run: everybody who waits for it, or for what follows it, is told why (celery 5.6 backends/base.py, chord_error_from_stack). */
async function failBody(kernel: Kernel, body: SignatureNode, failed: ChordPart, rootId: string | null): Promise<void> {
  const cause = kernel.results.errorOf({ ...failed, traceback: null });
  const error = storedError(
    new ChordError(`Dependency ${failed.taskId} raised ${cause.name}(${saferepr(cause.message)})`, { cause }),
  );
  const outer = await abandonSteps(kernel, body, { state: 'FAILURE', error, rootId, failedId: failed.taskId });
  for (const member of outer) await reportChordPart(kernel, member, 'FAILURE', error);
  const bodyId = idsOf(body).at(-1);
  if (bodyId !== undefined) await sendErrbacks(kernel, errbacksOf(body), bodyId, rootId);
}

function errbacksOf(body: SignatureNode): SignatureNode['options']['linkError'] & {} {
  const all = [...(body.options.linkError ?? []), ...(body.kind === 'chain' ? body.links.flatMap(errbacksOf) : [])];
  return all.filter((errback, index) => all.findIndex((other) => isDeepStrictEqual(other, errback)) === index);
}
