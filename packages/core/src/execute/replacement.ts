import { randomUUID } from 'node:crypto';
import type { Kernel } from '../app/kernel.js';
import { partsOf } from '../canvas/create-signature.js';
import { dispatch } from '../canvas/dispatch.js';
import { asOnePart } from '../canvas/counted-header.js';
import { derivedIds } from '../canvas/derived-ids.js';
import { freeze, freezing } from '../canvas/freeze.js';
import {
  type GroupNode,
  type NodeOptions,
  type SignatureNode,
  withLink,
  withOptions,
} from '../canvas/signature-node.js';
import { withStampsBelow } from '../canvas/with-stamps.js';
import { notReplaceable } from '../errors/canvas-errors.js';
import type { TaskMessage } from '../protocol/task-message.js';
import { asyncResult } from '../result/async-result.js';
import { readyStates } from '../result/states.js';
import type { Placement } from '../sending/call-options.js';
import { Ignore } from '../task/directives.js';
import { runOutsideOfTasks } from './current-task.js';
import type { Execution } from './execution.js';
import { inheritedFrom } from './inheritance.js';
import { digestOf } from './digest-of.js';

/** A task that is to be replaced. */
export type Replaceable = Pick<Execution, 'message' | 'deliveryInfo' | 'isEager'>;

/**
 * Puts a signature in the place of a task (celery 5.6 app/task.py, Task.replace).
 * @throws Ignore when it was sent. Resolves with its result where it has run at once.
 */
export async function replaceTask(kernel: Kernel, run: Replaceable, signature: unknown): Promise<unknown> {
  const { node } = partsOf(signature);
  assertMayReplace(node);
  return run.isEager ? await apply(kernel, run, node) : await send(kernel, run, node);
}

function assertMayReplace(node: SignatureNode): void {
  if (node.options.chord != null)
    throw notReplaceable(
      'A signature replacing a task must not be part of a chord: what takes its place belongs to its own',
    );
  if (node.kind === 'chain' && node.links.length === 0) throw notReplaceable('Cannot replace with an empty chain');
}

async function send(kernel: Kernel, run: Replaceable, node: SignatureNode): Promise<never> {
  const { message } = run;
  const ids = derivedIds('replaced', message.id, message.replacedTaskNesting, digestOf(kernel, node));
  const whole = withOptions(withContinuations(asOnePart(node), message), { taskId: message.id });
  const frozen = freeze(whole, freezing(kernel, message.replyTo, ids));
  // One task is the task itself; steps are what it has sent, and lead to it.
  const parentId = frozen.node.kind === 'task' ? message.parentId : message.id;
  await dispatchFor(kernel, run, marked(frozen.node, message), { ...placeOf(message), parentId });
  throw new Ignore('Replaced by new task');
}

/** In place, as the task itself runs: what follows the task follows when it has returned the result. */
async function apply(kernel: Kernel, run: Replaceable, node: SignatureNode): Promise<unknown> {
  const { id, rootId } = run.message;
  // The result of the task stands under its own id.
  const taskId = randomUUID();
  const frozen = freeze(withOptions(asOnePart(node), { taskId }), freezing(kernel, null));
  const kept = marked(frozen.node, run.message, { ignoreResult: false });
  await dispatchFor(kernel, run, kept, { rootId: rootId ?? id, parentId: id });
  const record = await kernel.results.find(taskId);
  if (record === undefined || !readyStates.has(record.status)) throw new Ignore('Its replacement was ignored');
  return await runOutsideOfTasks(() => asyncResult(kernel.results, taskId).get());
}

/** It is no child of the task, but stands where that stood. */
async function dispatchFor(
  kernel: Kernel,
  { message, deliveryInfo }: Replaceable,
  node: SignatureNode,
  placement: Placement,
): Promise<void> {
  const { replyTo } = message;
  const inherited = inheritedFrom(kernel, message, deliveryInfo);
  const input = { placement, replyTo, ...(inherited === undefined ? {} : { inherited }) };
  await runOutsideOfTasks(() => dispatch(kernel, node, input));
}

/** Its own continuations come first. */
function withContinuations(node: SignatureNode, { callbacks, errbacks }: TaskMessage): SignatureNode {
  let linked = node;
  for (const callback of callbacks ?? []) linked = withLink(linked, 'link', callback);
  for (const errback of errbacks ?? []) linked = withLink(linked, 'linkError', errback);
  return linked;
}

/** Its place in a workflow, and what was to come after it. */
function placeOf(message: TaskMessage): Placement {
  const { id, rootId, group, groupIndex, chord } = message;
  const nesting = message.replacedTaskNesting + 1;
  const chain = message.chain?.map((step) => ({
    ...step,
    options: { ...step.options, replaced_task_nesting: nesting },
  }));
  return {
    rootId: rootId ?? id,
    ...(group === null ? {} : { groupId: group }),
    ...(groupIndex === null ? {} : { groupIndex }),
    ...(chord === null ? {} : { chord }),
    ...(chain === undefined ? {} : { chain }),
  };
}

/** Every task says how deep it stands in replacements, and has the stamps of the one that is replaced below its own. */
function marked(node: SignatureNode, message: TaskMessage, options: NodeOptions = {}): SignatureNode {
  const mark = (step: SignatureNode): SignatureNode => marked(step, message, options);
  switch (node.kind) {
    case 'chain':
      return { ...node, links: node.links.map(mark) };
    case 'group':
      return markedGroup(node, mark);
    case 'chord':
      return { ...node, header: markedGroup(node.header, mark), body: mark(node.body) };
    case 'task':
    case 'chunks':
      return withStampsBelow(
        withOptions(node, { ...options, replacedTaskNesting: message.replacedTaskNesting + 1 }),
        message.stamps,
      );
  }
}

function markedGroup(group: GroupNode, mark: (step: SignatureNode) => SignatureNode): GroupNode {
  return { ...group, members: group.members.map(mark) };
}
