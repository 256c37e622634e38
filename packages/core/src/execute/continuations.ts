import type { Kernel } from '../app/kernel.js';
import { withNextStep } from '../canvas/chain-rest.js';
import { derivedIds, type NewId } from '../canvas/derived-ids.js';
import { dispatch, type DispatchInput } from '../canvas/dispatch.js';
import { freeze, freezing, type FrozenIds } from '../canvas/freeze.js';
import { childOf } from '../canvas/results-of.js';
import { parseNode } from '../canvas/serialize.js';
import { type SignatureNode, withOptions } from '../canvas/signature-node.js';
import { UniqueConflictError } from '../errors/unique-errors.js';
import type { TaskMessage } from '../protocol/task-message.js';
import type { ResultTuple } from '../result/result-record.js';
import type { Inherited } from '../sending/inherited.js';
import { storedError } from '../result/stored-error.js';
import type { Placement } from '../sending/call-options.js';
import { failStep } from './chord-part.js';
import { asOne } from './errbacks.js';

/**
 * What follows a success: the callbacks, one alone or several as one group, and the next step of the chain, each with the result in front
 * (celery 5.6 app/trace.py, build_tracer). Sent again under the same ids when the task is repeated. Resolves with the children that they are.
 */
export async function sendContinuations(
  kernel: Kernel,
  message: Pick<TaskMessage, 'id' | 'rootId' | 'replyTo' | 'callbacks' | 'chain'>,
  value: unknown,
  inherited: Inherited | undefined,
): Promise<readonly ResultTuple[]> {
  if (message.callbacks === null && (message.chain === null || message.chain.length === 0)) return [];
  const child = { rootId: message.rootId ?? message.id, parentId: message.id };
  const { replyTo } = message;
  const input = { args: [value], replyTo, ...(inherited === undefined ? {} : { inherited }) };
  const sent: Promise<FrozenIds>[] = [];
  const newId = derivedIds('callbacks', message.id);
  for (const node of asOne(kernel, message.callbacks ?? []))
    sent.push(sendNext(kernel, node, { ...input, placement: child, newId }));
  const chain = await withNextStep(kernel, message.chain ?? []);
  const next = chain.at(-1);
  if (next !== undefined) {
    const placement = { ...child, chain: chain.slice(0, -1) };
    sent.push(sendNext(kernel, parseNode(next), { ...input, placement, newId: derivedIds('next', message.id) }));
  }
  return (await Promise.all(sent)).map(childOf);
}

/** A unique step whose key is taken is not sent and ends as a failure, so that nobody waits for it or for what follows it. */
async function sendNext(kernel: Kernel, node: SignatureNode, input: StepInput): Promise<FrozenIds> {
  const { replyTo, newId } = input;
  const { node: step, ids } = freeze(node, freezing(kernel, replyTo, newId));
  try {
    return await dispatch(kernel, step, input);
  } catch (error) {
    if (!UniqueConflictError.isInstance(error)) throw error;
    const { rootId, parentId, chain } = input.placement;
    const whole = withOptions(step, { chain: [...(chain ?? []), ...(step.options.chain ?? [])] });
    await failStep(kernel, whole, storedError(error), { failedId: parentId, rootId, replyTo });
    return ids;
  }
}

interface StepInput extends DispatchInput {
  readonly placement: Placement & { readonly rootId: string; readonly parentId: string };
  readonly replyTo: string | null;
  readonly newId: NewId;
}
