import type { Kernel } from '../app/kernel.js';
import { derivedIds } from '../canvas/derived-ids.js';
import { dispatch } from '../canvas/dispatch.js';
import { parseNode } from '../canvas/serialize.js';
import type { SerializedSignature } from '../canvas/serialized-signature.js';
import type { SignatureNode } from '../canvas/signature-node.js';
import { UniqueConflictError } from '../errors/unique-errors.js';
import type { Placement } from '../sending/call-options.js';
import { isUnique } from '../unique/send-unique.js';

/** The task that failed. */
export interface Failed {
  readonly failedId: string;
  readonly rootId: string | null;
  /** Who hears of its results, and so of what follows it. */
  readonly replyTo: string | null;
}

/** What follows a failure: the errbacks, with the failed task's id in front. A unique one whose key is taken is left out. */
export async function sendErrbacks(
  kernel: Kernel,
  errbacks: readonly SerializedSignature[] | null,
  { failedId, rootId, replyTo }: Failed,
): Promise<void> {
  const placement: Placement = { rootId: rootId ?? failedId, parentId: failedId };
  const newId = derivedIds('errbacks', failedId);
  const send = async (node: SignatureNode): Promise<void> => {
    try {
      await dispatch(kernel, node, { args: [failedId], placement, replyTo, newId });
    } catch (error) {
      if (!UniqueConflictError.isInstance(error)) throw error;
      kernel.logger.info(
        { err: error, data: { id: failedId } },
        `An errback of ${failedId} was not sent: its key is taken`,
      );
    }
  };
  await Promise.all(asOne(kernel, errbacks ?? []).map(send));
}

/** One continuation is sent as it is; several go as one group, groups and what may be refused apart (SPEC 5.3). */
export function asOne(kernel: Kernel, signatures: readonly SerializedSignature[]): readonly SignatureNode[] {
  const nodes = signatures.map(parseNode);
  const isApart = (node: SignatureNode): boolean => node.kind === 'group' || beginsUnique(kernel, node);
  const single = nodes.filter((node) => !isApart(node));
  if (single.length < 2) return nodes;
  return [{ kind: 'group', members: single, options: {}, immutable: false }, ...nodes.filter(isApart)];
}

function beginsUnique(kernel: Kernel, node: SignatureNode | undefined): boolean {
  if (node?.kind === 'chain') return beginsUnique(kernel, node.links[0]);
  if (node?.kind !== 'task') return false;
  const taskOptions = kernel.registry.find(node.task)?.options;
  return isUnique({ options: node.options, ...(taskOptions === undefined ? {} : { taskOptions }) });
}
