import { declareQueue } from '@ctq/messaging';
import type { Kernel } from '../app/kernel.js';
import { type FrozenIds, freeze, freezing } from './freeze.js';
import { serializeNode } from './serialize.js';
import type { SignatureNode } from './signature-node.js';

/**
 * Has the workers that are there agree on one of them, which sends the call (celery 5.6 canvas.py, Signature.election). Its id is given here, so that the result is known by it.
 * Resolves when the workers are asked. @throws TypeError for a workflow.
 */
export async function holdElection(kernel: Kernel, node: SignatureNode): Promise<FrozenIds> {
  if (node.kind !== 'task') throw new TypeError('An election is held for a call of one task, not for a workflow.');
  const { node: frozen, ids } = freeze(node, freezing(kernel, undefined));
  await listenForResult(kernel);
  await kernel.control.broadcast('election', { id: ids.id, topic: 'task', action: serializeNode(frozen) });
  return ids;
}

/** Where results come to this process, there is a place for this one before another process sends the call. */
async function listenForResult(kernel: Kernel): Promise<void> {
  if (!kernel.results.isHeardBySender) return;
  const replies = await kernel.results.expect();
  if (replies === undefined) return;
  const channel = await (await kernel.publishing()).openChannel();
  try {
    await declareQueue(channel, replies);
  } finally {
    await channel.close();
  }
}
