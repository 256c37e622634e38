import type { Kernel } from '../app/kernel.js';
import { dispatch } from '../canvas/dispatch.js';
import type { FrozenIds } from '../canvas/freeze.js';
import { childOf } from '../canvas/results-of.js';
import { parseNode } from '../canvas/serialize.js';
import type { SerializedSignature } from '../canvas/serialized-signature.js';
import type { SignatureNode } from '../canvas/signature-node.js';
import type { TaskMessage } from '../protocol/task-message.js';
import type { ResultTuple } from '../result/result-record.js';
import type { Inherited } from '../sending/inherited.js';
import type { Placement } from '../sending/call-options.js';

/**
 * What follows a success: the callbacks, one alone or several as one group, and the next step of the chain, each with the result in front
 * (celery 5.6 app/trace.py, build_tracer). Sent again under the same ids when the task is repeated. Resolves with the children that they are.
 */
export async function sendContinuations(
  kernel: Kernel,
  message: TaskMessage,
  value: unknown,
  inherited: Inherited | undefined,
): Promise<readonly ResultTuple[]> {
  if (message.callbacks === null && (message.chain === null || message.chain.length === 0)) return [];
  const child: Placement = { rootId: message.rootId ?? message.id, parentId: message.id };
  const input = { args: [value], ...(inherited === undefined ? {} : { inherited }) };
  const sent: Promise<FrozenIds>[] = [];
  for (const node of asOne(message.callbacks ?? [])) sent.push(dispatch(kernel, node, { ...input, placement: child }));
  const next = message.chain?.at(-1);
  if (next !== undefined && message.chain !== null) {
    const placement = { ...child, chain: message.chain.slice(0, -1) };
    sent.push(dispatch(kernel, parseNode(next), { ...input, placement }));
  }
  return (await Promise.all(sent)).map(childOf);
}

/** What follows a failure: the errbacks, with the failed task's id in front. */
export async function sendErrbacks(
  kernel: Kernel,
  errbacks: readonly SerializedSignature[] | null,
  failedId: string,
  rootId: string | null,
): Promise<void> {
  const placement: Placement = { rootId: rootId ?? failedId, parentId: failedId };
  await Promise.all(asOne(errbacks ?? []).map((node) => dispatch(kernel, node, { args: [failedId], placement })));
}

/** One continuation is sent as it is; several go as one group, groups and others apart (SPEC 5.3). */
function asOne(signatures: readonly SerializedSignature[]): readonly SignatureNode[] {
  const nodes = signatures.map(parseNode);
  const single = nodes.filter((node) => node.kind !== 'group');
  const groups = nodes.filter((node) => node.kind === 'group');
  if (single.length < 2) return nodes;
  return [{ kind: 'group', members: single, options: {}, immutable: false }, ...groups];
}
