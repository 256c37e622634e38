import { builtinNames } from './builtin-names.js';
import { groupOfChunks } from './chunks.js';
import { chainOf, endsInGroup } from './flatten.js';
import { type GroupNode, type NodeOptions, type SignatureNode, type TaskNode, withLink } from './signature-node.js';
import { withSharedLinks } from './with-links.js';
import { withSharedStamps } from './with-stamps.js';

/** The header of a chord as its members are counted. @param errbacks of the chord, for each of its members */
export function countedHeader(header: GroupNode, errbacks: NodeOptions['linkError']): GroupNode {
  const { members, ...rest } = flattenHeader(header);
  return { ...rest, members: members.map((member) => asOnePart(withErrbacks(member, errbacks))) };
}

/** Groups inside a header are members of the header (celery 5.6 canvas.py, group._freeze_unroll). */
function flattenHeader(header: GroupNode): GroupNode {
  const linked = withSharedLinks(header);
  const members = linked.members
    .map(withoutChunks)
    .flatMap((member) => (member.kind === 'group' ? flattenHeader(withSharedStamps(member)).members : [member]));
  return { ...linked, members };
}

/** What ends in a group as one part of a chord, or as one task: the list of that group's results. */
export function asOnePart(member: SignatureNode): SignatureNode {
  return endsInGroup(member) ? chainOf(member, collectedList) : member;
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

/** The errbacks of a chord for a member of its header: they are not given its id, their own stands for the whole (celery 5.6 canvas.py, chord.link_error). */
function withErrbacks(member: SignatureNode, errbacks: NodeOptions['linkError'] = []): SignatureNode {
  return errbacks.reduce((linked, errback) => withLink(linked, 'linkError', { ...errback, immutable: true }), member);
}
