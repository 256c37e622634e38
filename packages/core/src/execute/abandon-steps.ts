import type { Kernel } from '../app/kernel.js';
import type { SerializedSignature } from '../canvas/serialized-signature.js';
import { wholeChain } from '../canvas/chain-rest.js';
import { groupOfChunks } from '../canvas/chunks.js';
import { parseNode } from '../canvas/serialize.js';
import { type SignatureNode, withOptions } from '../canvas/signature-node.js';
import type { StoredError } from '../result/result-record.js';

/** A place in the header of a chord: what has to be told how the task there ended. */
export interface ChordMember {
  readonly id: string;
  readonly rootId: string | null;
  readonly group: string | null;
  readonly groupIndex: number | null;
  readonly chord: SerializedSignature | null;
  /** Who hears of the results of the workflow. */
  readonly replyTo: string | null;
}

/** Why steps will never run. */
export interface Abandonment {
  readonly state: 'FAILURE' | 'REVOKED';
  readonly error: StoredError;
  readonly rootId: string | null;
  /** The task that ended so. */
  readonly failedId: string;
  /** Who is told, of steps that do not say it themselves. */
  readonly replyTo: string | null;
}

/**
 * Stores the outcome of a step that will never run under every id in it and in what was to follow it, so that nobody waits for ever (celery 5.6
 * backends/base.py, mark_as_failure). Resolves with the places in chords that have to be told.
 */
export async function abandonSteps(
  kernel: Kernel,
  given: SignatureNode,
  abandonment: Abandonment,
): Promise<readonly ChordMember[]> {
  const { chain } = given.options;
  const step = chain == null ? given : withOptions(given, { chain: await wholeChain(kernel, chain) });
  const { state, error, failedId } = abandonment;
  const dateDone = kernel.results.dateDone();
  await Promise.all(
    callsOf(step).map(({ taskId, replyTo = abandonment.replyTo }) =>
      kernel.results.store({
        taskId,
        status: state,
        result: error,
        traceback: null,
        children: [],
        dateDone,
        parentId: failedId,
        ...(replyTo === null ? {} : { replyTo }),
      }),
    ),
  );
  return membersOf(step, abandonment);
}

/** A task in a step that has its id. */
interface FrozenCall {
  readonly taskId: string;
  readonly replyTo?: string;
}

/** Every id in a frozen step, in the order of running; last comes the one whose result is the step's. */
export function idsOf(step: SignatureNode): readonly string[] {
  return callsOf(step).map(({ taskId }) => taskId);
}

function callsOf(step: SignatureNode): readonly FrozenCall[] {
  return [...followers(step).flatMap(callsOf), ...ownCalls(step)];
}

function ownCalls(step: SignatureNode): readonly FrozenCall[] {
  switch (step.kind) {
    case 'task': {
      const { taskId, replyTo } = step.options;
      return taskId === undefined ? [] : [replyTo === undefined ? { taskId } : { taskId, replyTo }];
    }
    case 'chain':
      return step.links.flatMap(callsOf);
    case 'group':
      return step.members.flatMap(callsOf);
    case 'chord':
      return [...ownCalls(step.header), ...callsOf(step.body)];
    case 'chunks':
      return ownCalls(groupOfChunks(step));
  }
}

/** A chain travels in reverse: what runs last stands first. */
function followers(step: SignatureNode): readonly SignatureNode[] {
  return (step.options.chain ?? []).map(parseNode);
}

/** Chords that wait for the end of the step, or of what was to follow it. The step's own inner chords wait for nobody outside. */
function membersOf(step: SignatureNode, abandonment: Abandonment): readonly ChordMember[] {
  const { chord, groupId, groupIndex } = step.options;
  const later = [...followers(step), ...lastOf(step)].flatMap((next) => membersOf(next, abandonment));
  const id = ownCalls(step).at(-1)?.taskId;
  if (chord == null || id === undefined) return later;
  const { rootId, replyTo } = abandonment;
  return [...later, { id, rootId, chord, replyTo, group: groupId ?? null, groupIndex: groupIndex ?? null }];
}

function lastOf(step: SignatureNode): readonly SignatureNode[] {
  if (step.kind === 'chain') return step.links.slice(-1);
  return step.kind === 'chord' ? [step.body] : [];
}
