import { randomUUID } from 'node:crypto';
import type { UniqueConflict } from '../unique/unique-options.js';
import { builtinNames } from './builtin-names.js';
import { groupOfChunks } from './chunks.js';
import type { NewId } from './derived-ids.js';
import type { ChainNode, ChordNode, GroupNode, NodeOptions, SignatureNode, TaskNode } from './signature-node.js';
import { withLink, withOptions } from './signature-node.js';
import { withStampsBelow } from './with-call-options.js';

/** The ids of a frozen workflow, in the shape of its result. */
export interface FrozenIds {
  readonly id: string;
  /** Members of a group, undefined for a single result. */
  readonly members?: readonly FrozenIds[];
  readonly parent?: FrozenIds;
  readonly ignored?: boolean;
  /** How a lone unique call met another one that had its key. */
  readonly conflict?: UniqueConflict;
}

export interface Frozen<Node extends SignatureNode = SignatureNode> {
  readonly node: Node;
  readonly ids: FrozenIds;
}

/**
 * Gives every step its id before anything is sent, so that whoever sends a step again (a redelivered task repeats its continuations) sends it
 * under the same id. Ids that are there stay. Chains come out flat, with a group that is followed by something turned into a chord.
 */
export function freeze(node: SignatureNode, replyTo: string, newId: NewId = randomUUID): Frozen {
  return freezeNode(node, { replyTo, newId });
}

/** What is given to every step that does not have it. */
interface Given {
  readonly replyTo: string;
  readonly newId: NewId;
}

function freezeNode(node: SignatureNode, given: Given): Frozen {
  switch (node.kind) {
    case 'task':
      return freezeTask(node, given);
    case 'chain':
      return freezeChain(flatten(node), given);
    case 'group':
      return freezeGroup(node, given);
    case 'chord':
      return freezeChord(node, given);
    case 'chunks':
      return freezeGroup(groupOfChunks(node), given);
  }
}

function freezeTask(node: TaskNode, { replyTo, newId }: Given): Frozen<TaskNode> {
  const taskId = node.options.taskId ?? newId();
  return {
    node: withOptions(node, { taskId, replyTo: node.options.replyTo ?? replyTo }),
    ids: { id: taskId, ...(node.options.ignoreResult === true ? { ignored: true } : {}) },
  };
}

function freezeChain(node: SignatureNode, given: Given): Frozen {
  if (node.kind !== 'chain') return freezeNode(node, given);
  let parent: FrozenIds | undefined;
  const links: SignatureNode[] = [];
  for (const link of node.links) {
    const frozen = freezeNode(link, given);
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

function freezeGroup(node: GroupNode, given: Given): Frozen<GroupNode> {
  const groupId = node.options.taskId ?? given.newId();
  const shared = callOptionsOf(node);
  const frozen = withSharedStamps(node).members.map((member) => freezeNode(withOptions(member, shared), given));
  return {
    node: withOptions({ ...node, members: frozen.map((one) => one.node) }, { taskId: groupId }),
    ids: { id: groupId, members: frozen.map((one) => one.ids) },
  };
}

function freezeChord(node: ChordNode, given: Given): Frozen<ChordNode> {
  const { members, ...rest } = flattenHeader(node.header);
  const shared = callOptionsOf(node);
  const { taskId, stamps } = node.options;
  const ofHeader = withOptions({ ...rest, members: members.map(asOnePart) }, shared);
  const header = freezeGroup(withStampsBelow(ofHeader, stamps), given);
  const ofBody = withOptions(node.body, taskId === undefined ? shared : { ...shared, taskId });
  const body = freezeNode(withStampsBelow(ofBody, stamps), given);
  return { node: { ...node, header: header.node, body: body.node }, ids: withParent(body.ids, header.ids) };
}

/** The stamps of a group are those of its members, where a member has none of that name. */
function withSharedStamps(group: GroupNode): GroupNode {
  const { stamps } = group.options;
  if (stamps === undefined) return group;
  return { ...group, members: group.members.map((member) => withStampsBelow(member, stamps)) };
}

/** What every member is sent with: the options of the whole but its id, its continuations, its stamps and its place in an outer workflow. */
function callOptionsOf({ options }: GroupNode | ChordNode): NodeOptions {
  const { taskId, link, linkError, replyTo, rootId, parentId, groupId, groupIndex, chord, chain, ...others } = options;
  const { retries, replacedTaskNesting, stampedHeaders, stamps, extra, ...call } = others;
  return call;
}

/** Groups inside a header are members of the header (celery 5.6 canvas.py, group._freeze_unroll). */
function flattenHeader(header: GroupNode): GroupNode {
  const members = header.members
    .map(withoutChunks)
    .flatMap((member) => (member.kind === 'group' ? flattenHeader(withSharedStamps(member)).members : [member]));
  return { ...header, members };
}

/** A member that ends in a group is one part of the chord: the list of that group's results. */
function asOnePart(member: SignatureNode): SignatureNode {
  return endsInGroup(member) ? chainOf(member, collectedList) : member;
}

function chainOf(...links: readonly SignatureNode[]): SignatureNode {
  return { kind: 'chain', links, options: {}, immutable: false };
}

const collectedList: TaskNode = {
  kind: 'task',
  task: builtinNames.accumulate,
  args: [],
  kwargs: { index: 0 },
  options: {},
  immutable: false,
};

function withoutChunks(node: SignatureNode): SignatureNode {
  return node.kind === 'chunks' ? groupOfChunks(node) : node;
}

function endsInGroup(node: SignatureNode | undefined): boolean {
  if (node?.kind === 'chord') return endsInGroup(node.body);
  return (
    node?.kind === 'group' || node?.kind === 'chunks' || (node?.kind === 'chain' && endsInGroup(node.links.at(-1)))
  );
}

/** Chains inside chains are one chain; a group followed by a step is a chord with that step as body; options of the whole go where they belong. */
export function flatten(chain: ChainNode): SignatureNode {
  return spread({ ...chain, links: joinLinks(chain) });
}

/** The links of a flat chain. */
export function joinLinks(chain: ChainNode): readonly SignatureNode[] {
  const links = chain.links.flatMap((link) => {
    if (link.kind !== 'chain') return [withoutChunks(link)];
    const inner = flatten(link);
    return inner.kind === 'chain' ? inner.links : [inner];
  });
  const joined: SignatureNode[] = [];
  for (const link of links) {
    const before = joined.at(-1);
    if (before?.kind === 'group')
      joined[joined.length - 1] = {
        kind: 'chord',
        header: before,
        body: link,
        options: {},
        immutable: before.immutable,
      };
    // Else each member of the body would be followed on its own.
    else if (before?.kind === 'chord' && endsInGroup(before.body))
      joined[joined.length - 1] = { ...before, body: chainOf(before.body, link) };
    else joined.push(link);
  }
  return joined;
}

/**
 * The id, the place in an outer workflow and `link` go to the last step, `linkError` to every step, everything else to the first (wire SPEC 5.2). `linkError` stays with the whole, too: a chain
 * that is never begun fails with it, and not with the errbacks of steps.
 */
function spread(chain: ChainNode): SignatureNode {
  const { link, linkError, taskId, groupId, groupIndex, chord, chain: after, ...others } = chain.options;
  const { stamps, stampedHeaders, ...first } = others;
  const last = Object.fromEntries(
    Object.entries({ taskId, groupId, groupIndex, chord, chain: after }).filter(([, value]) => value !== undefined),
  );
  const links = chain.links.map((step, index) => {
    let changed = index === 0 ? withStampsBelow(withOptions(step, first), stamps) : step;
    if (index === chain.links.length - 1) {
      changed = withOptions(changed, last);
      for (const next of link ?? []) changed = withLink(changed, 'link', next);
    }
    for (const errback of linkError ?? []) changed = withLink(changed, 'linkError', errback);
    return changed;
  });
  const only = links.length === 1 ? links[0] : undefined;
  return only ?? { ...chain, links, options: linkError === undefined ? {} : { linkError } };
}
