import type { Kernel } from '../app/kernel.js';
import type { SerializedSignature } from '../canvas/serialized-signature.js';
import { parseNode } from '../canvas/serialize.js';
import type { SignatureNode } from '../canvas/signature-node.js';
import type { StoredError } from '../result/result-record.js';

/** A place in the header of a chord: what has to be told how the task there ended. */
export interface ChordMember {
  readonly id: string;
  readonly rootId: string | null;
  readonly group: string | null;
  readonly groupIndex: number | null;
  readonly chord: SerializedSignature | null;
}

/** Why steps will never run. */
export interface Abandonment {
  readonly state: 'FAILURE' | 'REVOKED';
  readonly error: StoredError;
  readonly rootId: string | null;
  /** The task that ended so. */
  readonly failedId: string;
}

/**
 * Stores the outcome of a step that will never run under every id in it and in what was to follow it, so that nobody waits for ever (celery 5.6
 * backends/base.py, mark_as_failure). Resolves with the places in chords that have to be told.
 */
export async function abandonSteps(
  kernel: Kernel,
  step: SignatureNode,
  abandonment: Abandonment,
): Promise<readonly ChordMember[]> {
  const { state, error, failedId, rootId } = abandonment;
  const dateDone = kernel.results.dateDone();
  await Promise.all(
    idsOf(step).map((taskId) =>
      kernel.results.store({
        taskId,
        status: state,
        result: error,
        traceback: null,
        children: [],
        dateDone,
        parentId: failedId,
      }),
    ),
  );
  return membersOf(step, rootId);
}

/** Every id in a frozen step, in the order of running; last comes the one whose result is the step's. */
export function idsOf(step: SignatureNode): readonly string[] {
  return [...followers(step).flatMap(idsOf), ...ownIds(step)];
}

function ownIds(step: SignatureNode): readonly string[] {
  switch (step.kind) {
    case 'task':
      return step.options.taskId === undefined ? [] : [step.options.taskId];
    case 'chain':
      return step.links.flatMap(idsOf);
    case 'group':
      return step.members.flatMap(idsOf);
    case 'chord':
      return [...ownIds(step.header), ...idsOf(step.body)];
  }
}

/** A chain travels in reverse: what runs last stands first. */
function followers(step: SignatureNode): readonly SignatureNode[] {
  return (step.options.chain ?? []).map(parseNode);
}

/** Chords that wait for the end of the step, or of what was to follow it. The step's own inner chords wait for nobody outside. */
function membersOf(step: SignatureNode, rootId: string | null): readonly ChordMember[] {
  const { chord, groupId, groupIndex } = step.options;
  const later = [...followers(step), ...lastOf(step)].flatMap((next) => membersOf(next, rootId));
  const id = ownIds(step).at(-1);
  if (chord == null || id === undefined) return later;
  return [...later, { id, rootId, chord, group: groupId ?? null, groupIndex: groupIndex ?? null }];
}

function lastOf(step: SignatureNode): readonly SignatureNode[] {
  if (step.kind === 'chain') return step.links.slice(-1);
  return step.kind === 'chord' ? [step.body] : [];
}
