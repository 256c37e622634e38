import { randomUUID } from 'node:crypto';
import type { Kernel } from '../app/kernel.js';
import type { UniqueConflict } from '../unique/unique-options.js';
import { groupOfChunks } from './chunks.js';
import { countedHeader } from './counted-header.js';
import type { NewId } from './derived-ids.js';
import { flatten } from './flatten.js';
import type { ChordNode, GroupNode, NodeOptions, SignatureNode, TaskNode } from './signature-node.js';
import { withOptions } from './signature-node.js';
import { linkedBody, withSharedLinks } from './with-links.js';
import { withSharedStamps, withStampsBelow } from './with-stamps.js';

/** The ids of a frozen workflow, in the shape of its result. */
export interface FrozenIds {
  readonly id: string;
  /** Members of a group, undefined for a single result. */
  readonly members?: readonly FrozenIds[];
  readonly parent?: FrozenIds;
  /** A header that may fail without its chord. */
  readonly mayFail?: boolean;
  readonly ignored?: boolean;
  /** How a lone unique call met another one that had its key. */
  readonly conflict?: UniqueConflict;
}

export interface Frozen<Node extends SignatureNode = SignatureNode> {
  readonly node: Node;
  readonly ids: FrozenIds;
}

/** What a workflow takes from the app that freezes it. */
export interface Freezing {
  /** Who hears of the results. */
  readonly replyTo: string;
  /** The setting `taskAllowErrorCbOnChordHeader`. */
  readonly linksHeaders: boolean;
  /** Ids of what has none. */
  readonly newId: NewId;
}

/** @param replyTo who hears of the results; by default this process. */
export function freezing(
  { settings, sender }: Kernel,
  replyTo: string | null | undefined,
  newId: NewId = randomUUID,
): Freezing {
  return { replyTo: replyTo ?? sender.replyTo, linksHeaders: settings.taskAllowErrorCbOnChordHeader, newId };
}

/**
 * Gives every step its id before anything is sent, so that whoever sends a step again (a redelivered task repeats its continuations) sends it
 * under the same id. Ids that are there stay. Chains come out flat, with a group that is followed by something turned into a chord.
 */
export function freeze(node: SignatureNode, how: Freezing): Frozen {
  switch (node.kind) {
    case 'task':
      return freezeTask(node, how);
    case 'chain':
      return freezeChain(flatten(node), how);
    case 'group':
      return freezeGroup(node, how);
    case 'chord':
      return freezeChord(node, how);
    case 'chunks':
      return freezeGroup(groupOfChunks(node), how);
  }
}

function freezeTask(node: TaskNode, how: Freezing): Frozen<TaskNode> {
  const taskId = node.options.taskId ?? how.newId();
  return {
    node: withOptions(node, { taskId, replyTo: node.options.replyTo ?? how.replyTo }),
    ids: { id: taskId, ...(node.options.ignoreResult === true ? { ignored: true } : {}) },
  };
}

function freezeChain(node: SignatureNode, how: Freezing): Frozen {
  if (node.kind !== 'chain') return freeze(node, how);
  let parent: FrozenIds | undefined;
  const links: SignatureNode[] = [];
  for (const link of node.links) {
    const frozen = freeze(link, how);
    links.push(frozen.node);
    parent = parent === undefined ? frozen.ids : withParent(frozen.ids, parent);
  }
  if (parent === undefined) throw new TypeError('A chain needs at least one link.');
  return { node: withOptions({ ...node, links }, { taskId: parent.id }), ids: parent };
}

/** The chain before a step comes before the beginning of what that step itself came from (a chord's header). */
function withParent(ids: FrozenIds, parent: FrozenIds): FrozenIds {
  return { ...ids, parent: ids.parent === undefined ? parent : withParent(ids.parent, parent) };
}

function freezeGroup(node: GroupNode, how: Freezing): Frozen<GroupNode> {
  const groupId = node.options.taskId ?? how.newId();
  const linked = withSharedLinks(node);
  const shared = callOptionsOf(node);
  const frozen = withSharedStamps(linked).members.map((member) => freeze(withOptions(member, shared), how));
  return {
    node: withOptions({ ...linked, members: frozen.map((one) => one.node) }, { taskId: groupId }),
    ids: { id: groupId, members: frozen.map((one) => one.ids) },
  };
}

function freezeChord(node: ChordNode, how: Freezing): Frozen<ChordNode> {
  const shared = callOptionsOf(node);
  const { link, linkError, ...options } = node.options;
  const { taskId, stamps } = options;
  const ofHeader = withOptions(countedHeader(node.header, how.linksHeaders ? linkError : undefined), shared);
  const header = freezeGroup(withStampsBelow(ofHeader, stamps), how);
  const ofBody = withOptions(linkedBody(node), taskId === undefined ? shared : { ...shared, taskId });
  const body = freeze(withStampsBelow(ofBody, stamps), how);
  const frozen = { ...node, options, header: header.node, body: body.node };
  const mayFail = (node.options.join?.onMemberError ?? 'fail') !== 'fail';
  const before = mayFail ? { ...header.ids, mayFail } : header.ids;
  return { node: withOptions(frozen, { taskId: body.ids.id }), ids: withParent(body.ids, before) };
}

/** What every member is sent with: the options of the whole but its id, its continuations, its stamps and its place in an outer workflow. */
function callOptionsOf({ options }: GroupNode | ChordNode): NodeOptions {
  const { taskId, link, linkError, replyTo, rootId, parentId, groupId, groupIndex, chord, chain, ...others } = options;
  const { retries, replacedTaskNesting, stampedHeaders, stamps, join, joinedBy, extra, ...call } = others;
  return call;
}
