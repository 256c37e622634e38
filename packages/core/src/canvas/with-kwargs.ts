import type { GroupNode, SignatureNode } from './signature-node.js';

/** The same node with keyword arguments over those of whatever of it is sent first. */
export function withKwargs(node: SignatureNode, kwargs: Readonly<Record<string, unknown>>): SignatureNode {
  if (node.immutable) return node;
  switch (node.kind) {
    case 'task':
      return { ...node, kwargs: { ...node.kwargs, ...kwargs } };
    case 'chain': {
      const [first, ...rest] = node.links;
      return first === undefined ? node : { ...node, links: [withKwargs(first, kwargs), ...rest] };
    }
    case 'group':
      return groupWithKwargs(node, kwargs);
    case 'chord':
      return { ...node, header: groupWithKwargs(node.header, kwargs) };
  }
}

function groupWithKwargs(node: GroupNode, kwargs: Readonly<Record<string, unknown>>): GroupNode {
  return { ...node, members: node.members.map((member) => withKwargs(member, kwargs)) };
}
