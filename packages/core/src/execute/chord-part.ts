import { NotSupportedError } from '@ctq/messaging';
import type { Kernel } from '../app/kernel.js';
import { dispatch } from '../canvas/dispatch.js';
import { parseNode } from '../canvas/serialize.js';
import type { SignatureNode } from '../canvas/signature-node.js';
import { ChordError } from '../errors/task-errors.js';
import type { ChordPart, ChordRole } from '../backend/result-backend.js';
import type { TaskMessage } from '../protocol/task-message.js';
import { saferepr } from '../protocol/args-repr.js';
import { rebuildError, storedError } from '../result/remote-error.js';
import type { TaskState } from '../result/states.js';
import { sendErrbacks } from './continuations.js';

/**
 * Reports a finished header task to its chord; whoever completes the header sends the body. The chord is forgotten only after the body was taken by
 * the broker, so that a worker that dies in between leaves a chord that the redelivered member completes again, under the body's fixed id.
 */
export async function reportChordPart(
  kernel: Kernel,
  message: TaskMessage,
  state: TaskState,
  result: unknown,
): Promise<void> {
  const { chord, group } = message;
  if (chord === null || group === null) return;
  const { chords } = await kernel.results.backend();
  if (chords === undefined)
    throw new NotSupportedError('A chord was sent to a worker whose result backend cannot count its members.');
  const progress = await chords.addPart(group, {
    taskId: message.id,
    index: message.groupIndex ?? undefined,
    state,
    result,
  });
  if (progress.size === undefined || progress.count < progress.size) return;
  await concludeChord(kernel, chords, group, parseNode(chord), message);
}

async function concludeChord(
  kernel: Kernel,
  chords: ChordRole,
  groupId: string,
  body: SignatureNode,
  message: TaskMessage,
): Promise<void> {
  const parts = await chords.parts(groupId);
  const failed = parts.find((part) => part.state !== 'SUCCESS');
  if (failed === undefined) {
    await dispatch(kernel, body, {
      args: [parts.map((part) => part.result)],
      placement: { rootId: message.rootId, parentId: message.id },
    });
  } else {
    await failBody(kernel, body, failed, message);
  }
  await chords.closeChord(groupId);
}

/** The body will never run: everybody who waits for it, or for what follows it, is told why (celery 5.6 backends/base.py, chord_error_from_stack). */
async function failBody(kernel: Kernel, body: SignatureNode, failed: ChordPart, message: TaskMessage): Promise<void> {
  const cause = rebuildError(failed.result, null, failed.taskId);
  const error = storedError(
    new ChordError(`Dependency ${failed.taskId} raised ${cause.name}(${saferepr(cause.message)})`, { cause }),
  );
  const failedIds = idsOf(body);
  await Promise.all(
    failedIds.map((taskId) =>
      kernel.results.store({
        taskId,
        status: 'FAILURE',
        result: error,
        traceback: null,
        children: [],
        dateDone: kernel.results.dateDone(),
      }),
    ),
  );
  const bodyId = failedIds.at(-1);
  if (bodyId !== undefined) await sendErrbacks(kernel, errbacksOf(body), bodyId, message.rootId);
}

/** The ids that would have been: of the body's steps, and of what was to follow it. */
function idsOf(body: SignatureNode): readonly string[] {
  const after = (body.options.chain ?? []).map((step) => step.options['task_id']);
  const own =
    body.kind === 'chain'
      ? body.links.flatMap(idsOf)
      : body.kind === 'chord'
        ? idsOf(body.body)
        : [body.options.taskId];
  return [...after, ...own].filter((id) => typeof id === 'string');
}

function errbacksOf(body: SignatureNode): SignatureNode['options']['linkError'] & {} {
  return [...(body.options.linkError ?? []), ...(body.kind === 'chain' ? body.links.flatMap(errbacksOf) : [])];
}
