import { toError } from '@ctq/runtime';
import type { Kernel } from '../app/kernel.js';
import { createSignature, partsOf } from '../canvas/create-signature.js';
import { asOnePart } from '../canvas/counted-header.js';
import { derivedIds } from '../canvas/derived-ids.js';
import { freeze, freezing } from '../canvas/freeze.js';
import type { Signature } from '../canvas/signature.js';
import { withOptions } from '../canvas/signature-node.js';
import { NotInChordError } from '../errors/canvas-errors.js';
import type { AsyncResult } from '../result/result-handle.js';
import { mayHaveArrived } from '../unique/send-unique.js';
import type { ChordAddition } from './chord-additions.js';
import type { Execution } from './execution.js';
import { digestOf } from './digest-of.js';

/**
 * Adds a member to the chord of a task (celery 5.6 app/task.py, Task.add_to_chord). The chord waits for it before it is sent: the task that adds it is not counted
 * itself yet, so the chord cannot be complete in between.
 */
export async function addToChord(
  kernel: Kernel,
  { message }: Pick<Execution, 'message'>,
  { signature, lazy, additions }: ChordAddition,
): Promise<AsyncResult<unknown> | Signature<readonly unknown[], unknown>> {
  const { node } = partsOf(signature);
  const { id, task, rootId, group, groupIndex, chord } = message;
  if (chord === null || group === null) throw new NotInChordError(task, id);
  const digest = digestOf(kernel, node);
  const ids = derivedIds('added', id, message.replacedTaskNesting, digest, additions.count(digest));
  const frozen = freeze(asOnePart(node), freezing(kernel, null, ids));
  const place = { rootId: rootId ?? id, parentId: id, groupId: group, groupIndex, chord };
  const member = createSignature<readonly unknown[], unknown>(kernel, withOptions(frozen.node, place));
  const chords = await kernel.chords();
  const isNew = await chords.growChord(group, frozen.ids.id);
  if (lazy) return member;
  try {
    return await member.delay();
  } catch (error) {
    additions.takeBack(digest);
    // What runs in place was sent when its error comes.
    if (isNew && !mayHaveArrived(error) && !kernel.settings.taskAlwaysEager)
      await doNotWait(kernel, group, frozen.ids.id);
    throw error;
  }
}

async function doNotWait(kernel: Kernel, groupId: string, taskId: string): Promise<void> {
  try {
    await (await kernel.chords()).shrinkChord(groupId, taskId);
  } catch (error) {
    kernel.logger.error(
      { err: toError(error), data: { id: taskId, groupId } },
      `The chord ${groupId} waits for ${taskId}, which could not be sent`,
    );
  }
}
