import type { Kernel } from '../app/kernel.js';
import { parseNode } from '../canvas/serialize.js';
import type { SignatureNode } from '../canvas/signature-node.js';
import type { StoredError } from '../result/result-record.js';
import { readyStates } from '../result/states.js';
import { abandonSteps, type ChordMember, idsOf } from './abandon-steps.js';
import { forgetChord, reportChordPart } from './chord-part.js';

/** Whether a task was cancelled, as the root of others. */
export type IsCancelled = (taskId: string) => boolean;

/**
 * Reports a member that was revoked to its chord, of which it is a failed part. Where the chord was cancelled as well its body is revoked with its first member, and the chord is
 * forgotten: it will not be complete any more, and nobody has failed.
 */
export async function reportRevokedPart(
  kernel: Kernel,
  member: ChordMember,
  error: StoredError,
  isCancelled: IsCancelled,
): Promise<void> {
  const { chord, group, id: failedId, rootId, replyTo } = member;
  if (chord === null || group === null) return;
  const body = parseNode(chord);
  if (!isCancelledWith(member, body, isCancelled)) return await reportChordPart(kernel, member, 'REVOKED', error);
  if (await hasEnded(kernel, body)) return;
  const outer = await abandonSteps(kernel, body, { state: 'REVOKED', error, rootId, failedId, replyTo });
  for (const place of outer) await reportRevokedPart(kernel, place, error, isCancelled);
  await forgetChord(kernel, chord, group);
}

/** By an id in it, or with the workflow that both are in. A member that is a root itself says nothing of its chord. */
function isCancelledWith({ id, rootId }: ChordMember, body: SignatureNode, isCancelled: IsCancelled): boolean {
  return idsOf(body).some(isCancelled) || (rootId !== null && rootId !== id && isCancelled(rootId));
}

/** Another member has revoked it, or the chord was complete: what has ended keeps its end. */
async function hasEnded(kernel: Kernel, body: SignatureNode): Promise<boolean> {
  const id = idsOf(body).at(-1);
  // Results that travel are not found by who sends them.
  const record = id === undefined || kernel.results.isHeardBySender ? undefined : await kernel.results.find(id);
  return record !== undefined && readyStates.has(record.status);
}
