import type { Kernel } from '../app/kernel.js';
import { adopterOf, parentPlace } from '../execute/inheritance.js';
import type { Inherited } from '../sending/inherited.js';
import type { Placement } from '../sending/call-options.js';
import type { SendRequest } from '../sending/task-sender.js';
import { isUnique, sendCall, sendWorkflow } from '../unique/send-unique.js';
import { wasSent } from '../unique/unique-options.js';
import { groupOfChunks } from './chunks.js';
import { type ChainRest, splitChain, storeRests } from './chain-rest.js';
import type { ChordJoin } from './chord-join.js';
import { chordTimeout } from './chord-timeout.js';
import type { NewId } from './derived-ids.js';
import { freeze, freezing, type FrozenIds } from './freeze.js';
import { JoinClaims } from './join-claims.js';
import { routeNameOf } from './mapped.js';
import { childOf } from './results-of.js';
import { serializeNode } from './serialize.js';
import type { SerializedSignature } from './serialized-signature.js';
import {
  type ChainNode,
  type ChordNode,
  type GroupNode,
  type SignatureNode,
  type TaskNode,
  withOptions,
} from './signature-node.js';

/** What has to happen for a workflow to begin: chords are opened, then the first messages are sent. */
interface Plan {
  readonly sends: SendRequest[];
  readonly chords: { readonly groupId: string; readonly size: number; readonly join: ChordJoin | undefined }[];
  /** Parts of chains for the store. */
  readonly rests: ChainRest[];
  readonly inherited: Inherited | undefined;
}

/** What comes in front of the arguments of the first step, and where the workflow stands in another one. */
export interface DispatchInput {
  readonly args?: readonly unknown[];
  readonly placement?: Placement;
  /** What it takes from the task that it follows; by default from the one in which it is sent. */
  readonly inherited?: Inherited;
  /** Who hears of the results: of what follows a task whoever hears of that, else this process. */
  readonly replyTo?: string | null;
  /** Ids of what has none; random ones by default. */
  readonly newId?: NewId;
}

/**
 * Sends a workflow. Resolves when the broker has taken every first message. Sending again under the same ids is harmless beyond the
 * repetition itself.
 */
export async function dispatch(kernel: Kernel, node: SignatureNode, input: DispatchInput = {}): Promise<FrozenIds> {
  const frozen = freeze(node, freezing(kernel, input.replyTo, input.newId));
  // What follows a task is placed already, and remembered by whoever sends it.
  const isCalled = input.placement === undefined;
  const parent = isCalled ? parentPlace(kernel) : undefined;
  const adopter = isCalled ? adopterOf(kernel, node.options) : undefined;
  const child = adopter === undefined ? undefined : childOf(frozen.ids);
  if (child !== undefined) adopter?.addChild(child);
  try {
    const placement = parent === undefined ? {} : { rootId: parent.rootId, parentId: parent.parentId };
    const plan: Plan = { sends: [], chords: [], rests: [], inherited: input.inherited ?? parent?.inherited };
    planNode(kernel, plan, frozen.node, input.args ?? [], input.placement ?? placement);
    const [only] = plan.sends;
    if (isCalled && only !== undefined && isLone(only, frozen.node)) {
      const conflict = await sendCall(kernel, only);
      if (conflict !== undefined) {
        if (!wasSent(conflict) && child !== undefined) adopter?.removeChild(child);
        return { ...frozen.ids, id: conflict.outcome === 'returned' ? conflict.id : frozen.ids.id, conflict };
      }
    } else {
      await sendAll(kernel, plan);
    }
  } catch (error) {
    if (child !== undefined) adopter?.removeChild(child);
    throw error;
  }
  return frozen.ids;
}

/** Nothing waits for it but its caller. */
function isLone({ placement }: SendRequest, node: SignatureNode): boolean {
  return node.kind === 'task' && placement.groupId == null && placement.chord == null && placement.chain == null;
}

async function sendAll(kernel: Kernel, plan: Plan): Promise<void> {
  const { sends } = plan;
  if (sends.some(isUnique)) return await sendWorkflow(kernel, sends, () => prepare(kernel, plan));
  await prepare(kernel, plan);
  await Promise.all(sends.map((request) => kernel.sender.send(request)));
}

/** What has to be there before the first message. */
async function prepare(kernel: Kernel, { chords, rests }: Plan): Promise<void> {
  await Promise.all([openChords(kernel, chords), storeRests(kernel, rests)]);
}

async function openChords(kernel: Kernel, opened: Plan['chords']): Promise<void> {
  if (opened.length > 0) {
    const chords = await kernel.chords();
    await Promise.all(
      opened.map(async ({ groupId, size, join }) => {
        await chords.openChord(groupId, size);
        if (join !== undefined) await new JoinClaims(kernel).open(groupId);
      }),
    );
  }
}

function planNode(kernel: Kernel, plan: Plan, node: SignatureNode, args: readonly unknown[], outer: Placement): void {
  const placement = placedAt(node, outer);
  switch (node.kind) {
    case 'task':
      return planTask(kernel, plan, node, args, placement);
    case 'chain':
      return planChain(kernel, plan, node, args, placement);
    case 'group':
      return planGroup(kernel, plan, node, args, placement);
    case 'chord':
      return planChord(kernel, plan, node, args, placement);
    case 'chunks':
      return planGroup(kernel, plan, groupOfChunks(node), args, placement);
  }
}

/** Where a step stands: what it brought along in its options, and over that what it is given now. */
function placedAt(node: SignatureNode, outer: Placement): Placement {
  const { rootId, parentId, groupId, groupIndex, chord, chain, retries, replacedTaskNesting } = node.options;
  const own = dropUndefined({ rootId, parentId, groupId, groupIndex, chord, retries, replacedTaskNesting });
  return { ...own, ...outer, chain: joinChains(chain, outer.chain) };
}

function planTask(kernel: Kernel, plan: Plan, node: TaskNode, args: readonly unknown[], placement: Placement): void {
  const { taskId, link, linkError, join, joinedBy, extra, stampedHeaders, stamps, ...call } = node.options;
  const taskOptions = kernel.registry.find(node.task)?.options;
  const routeName = routeNameOf(node);
  plan.sends.push({
    task: node.task,
    id: taskId as string,
    args: node.immutable ? node.args : [...args, ...node.args],
    kwargs: node.kwargs,
    options: { ...call, ...asLinks('link', link), ...asLinks('linkError', linkError) },
    placement,
    ...(routeName === undefined ? {} : { routeName }),
    ...(extra === undefined ? {} : { extra }),
    ...(stampedHeaders === undefined ? {} : { stampedHeaders, stamps: stamps ?? {} }),
    ...(plan.inherited === undefined ? {} : { inherited: plan.inherited }),
    ...(taskOptions === undefined ? {} : { taskOptions }),
  });
}

/** Only the first step is sent; the rest travels with it in reverse, and what comes after the whole chain comes after its last step. */
function planChain(
  kernel: Kernel,
  plan: Plan,
  { links, options }: ChainNode,
  args: readonly unknown[],
  placement: Placement,
): void {
  const [first, ...rest] = links;
  if (first === undefined) return;
  const { groupId, groupIndex, chord, chain, ...everyStep } = placement;
  const ofLast = dropUndefined({ groupId, groupIndex, chord });
  const steps = rest
    .map((step, index) => serializeNode(index === rest.length - 1 ? withOptions(step, ofLast) : step))
    .reverse();
  const { taskChainInlineLinks: limit = steps.length, taskAlwaysEager } = kernel.settings;
  const split = taskAlwaysEager
    ? { steps, rests: [] }
    : splitChain(steps, Math.max(limit, 1), options.taskId as string);
  plan.rests.push(...split.rests);
  planNode(kernel, plan, first, args, {
    rootId: rootOf(first, placement),
    ...everyStep,
    ...(rest.length === 0 ? ofLast : {}),
    chain: [...(chain ?? []), ...split.steps],
  });
}

/** The root of a workflow is its first task; a group has none of its own. */
function rootOf(first: SignatureNode, placement: Placement): string | null {
  return placement.rootId ?? (first.kind === 'task' ? (first.options.taskId ?? null) : null);
}

function planGroup(kernel: Kernel, plan: Plan, group: GroupNode, args: readonly unknown[], placement: Placement): void {
  const groupId = group.options.taskId as string;
  for (const [groupIndex, member] of group.members.entries())
    planNode(kernel, plan, member, group.immutable ? [] : args, { ...placement, groupId, groupIndex });
}

/** Every member carries the body; whoever finishes last sends it with the list of results. */
function planChord(kernel: Kernel, plan: Plan, node: ChordNode, args: readonly unknown[], placement: Placement): void {
  const groupId = node.header.options.taskId as string;
  const body = bodyOf(node, groupId, placement);
  if (node.header.members.length === 0) {
    planNode(
      kernel,
      plan,
      body,
      [[]],
      placement.rootId === undefined ? {} : { rootId: placement.rootId, parentId: placement.parentId ?? null },
    );
    return;
  }
  const { join } = node.options;
  const size = node.header.members.length;
  plan.chords.push({ groupId, size, join });
  const { rootId, parentId } = placement;
  const chord = serializeNode(join === undefined ? body : withOptions(body, { joinedBy: join }));
  const first = plan.sends.length;
  planGroup(kernel, plan, node.header, node.immutable ? [] : args, { ...dropUndefined({ rootId, parentId }), chord });
  // What runs in place needs no end from outside.
  if (join?.timeoutMs !== undefined && !kernel.settings.taskAlwaysEager)
    plan.sends.push(chordTimeout({ groupId, chord, size, timeoutMs: join.timeoutMs }, plan.sends[first]));
}

/** What follows the chord follows its body; so does its place in an outer chord. */
function bodyOf({ body }: ChordNode, groupId: string, placement: Placement): SignatureNode {
  const chain = joinChains(body.options.chain, placement.chain);
  const outer = dropUndefined({ groupIndex: placement.groupIndex, chord: placement.chord });
  // The body names the header's group (SPEC 4.10), unless it is itself a member of an outer chord.
  return withOptions(body, {
    groupId: placement.chord == null ? groupId : (placement.groupId ?? groupId),
    ...outer,
    ...(chain == null ? {} : { chain }),
  });
}

/** Reversed lists: what is to run later stands first. */
function joinChains(
  own: readonly SerializedSignature[] | null | undefined,
  outer: readonly SerializedSignature[] | null | undefined,
): readonly SerializedSignature[] | null {
  if (own == null) return outer ?? null;
  return outer == null ? own : [...outer, ...own];
}

function asLinks(
  name: 'link' | 'linkError',
  signatures: readonly SerializedSignature[] | undefined,
): Record<string, unknown> {
  return signatures === undefined ? {} : { [name]: signatures.map((signature) => ({ serialize: () => signature })) };
}

function dropUndefined<T extends object>(object: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}
