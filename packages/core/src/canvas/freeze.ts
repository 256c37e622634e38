import { randomUUID } from 'node:crypto';
import type { UniqueConflict } from '../unique/unique-options.js';
import { builtinNames } from './builtin-names.js';
import { groupOfChunks } from './chunks.js';
import type { ChordNode, GroupNode, NodeOptions, SignatureNode, TaskNode } from './signature-node.js';
import { withLink, withOptions } from './signature-node.js';

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
  switch (node.kind) {
    case 'task':
      return freezeTask(node, replyTo, newId);
    case 'chain':
      return freezeChain(flatten(node), replyTo, newId);
    case 'group':
      return freezeGroup(node, replyTo, newId);
    case 'chord':
      return freezeChord(node, replyTo, newId);
    case 'chunks':
      return freezeGroup(groupOfChunks(node), replyTo, newId);
  }
}

/** Where the ids come from that a workflow lacks; asked in the order of its steps. */
export type NewId = () => string;

function freezeTask(node: TaskNode, replyTo: string, newId: NewId): Frozen<TaskNode> {
  const taskId = node.options.taskId ?? newId();
  return {
    node: withOptions(node, { taskId, replyTo: node.options.replyTo ?? replyTo }),
    ids: { id: taskId, ...(node.options.ignoreResult === true ? { ignored: true } : {}) },
  };
}

function freezeChain(node: SignatureNode, replyTo: string, newId: NewId): Frozen {
  if (node.kind !== 'chain') return freeze(node, replyTo, newId);
  let parent: FrozenIds | undefined;
  const links: SignatureNode[] = [];
  for (const link of node.links) {
    const frozen = freeze(link, replyTo, newId);
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

function freezeGroup(node: GroupNode, replyTo: string, newId: NewId): Frozen<GroupNode> {
  const groupId = node.options.taskId ?? newId();
  const shared = callOptionsOf(node);
  const frozen = node.members.map((member) => freeze(withOptions(member, shared), replyTo, newId));
  return {
    node: withOptions({ ...node, members: frozen.map((one) => one.node) }, { taskId: groupId }),
    ids: { id: groupId, members: frozen.map((one) => one.ids) },
  };
}

function freezeChord(node: ChordNode, replyTo: string, newId: NewId): Frozen<ChordNode> {
  const { members, ...rest } = flattenHeader(node.header);
  const shared = callOptionsOf(node);
  const ofHeader = withOptions({ ...rest, members: members.map(asOnePart) }, shared);
  const header = freezeGroup(ofHeader, replyTo, newId);
  const { taskId } = node.options;
  const body = freeze(withOptions(node.body, taskId === undefined ? shared : { ...shared, taskId }), replyTo, newId);
  return { node: { ...node, header: header.node, body: body.node }, ids: withParent(body.ids, header.ids) };
}

/** What every member is sent with: the options of the whole but its id, its continuations and its place in an outer workflow. */
function callOptionsOf({ options }: GroupNode | ChordNode): NodeOptions {
  const { taskId, link, linkError, replyTo, rootId, parentId, groupId, groupIndex, chord, chain, ...others } = options;
  const { retries, replacedTaskNesting, stampedHeaders, stamps, extra, ...call } = others;
  return call;
}

/** Groups inside a header are members of the header (celery 5.6 canvas.py, group._freeze_unroll). */
function flattenHeader(header: GroupNode): GroupNode {
  const members = header.members
    .map(withoutChunks)
    .flatMap((member) => (member.kind === 'group' ? flattenHeader(member).members : [member]));
  return { ...header, members };
}

/** What ends in a group as one part of a chord, or as one task: the list of that group's results. */
export function asOnePart(member: SignatureNode): SignatureNode {
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
function flatten(chain: SignatureNode & { kind: 'chain' }): SignatureNode {
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
  return spread({ ...chain, links: joined });
}

/** The id, the place in an outer workflow and `link` go to the last step, `linkError` to every step, everything else to the first (wire SPEC 5.2). */
function spread(chain: SignatureNode & { kind: 'chain' }): SignatureNode {
  const { link, linkError, taskId, groupId, groupIndex, chord, chain: after, ...first } = chain.options;
  const last = Object.fromEntries(
    Object.entries({ taskId, groupId, groupIndex, chord, chain: after }).filter(([, value]) => value !== undefined),
  );
  const links = chain.links.map((step, index) => {
    let changed = index === 0 ? withOptions(step, first) : step;
    if (index === chain.links.length - 1) {
      changed = withOptions(changed, last);
      for (const next of link ?? []) changed = withLink(changed, 'link', next);
    }
    for (const errback of linkError ?? []) changed = withLink(changed, 'linkError', errback);
    return changed;
  });
  const only = links.length === 1 ? links[0] : undefined;
  return only ?? { ...chain, links, options: {} };
}
