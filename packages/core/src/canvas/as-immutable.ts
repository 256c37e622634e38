import type { GroupNode, SignatureNode } from './signature-node.js';

/**
 * The same node that ignores what comes before it: of a chain the first step does, of a group every member, of a chord the header (celery 5.6 canvas.py,
 * set_immutable).
 */
export function asImmutable(node: SignatureNode): SignatureNode {
  switch (node.kind) {
    case 'task':
    case 'chunks':
      return { ...node, immutable: true };
    case 'chain': {
      const [first, ...rest] = node.links;
      return { ...node, immutable: true, links: first === undefined ? [] : [asImmutable(first), ...rest] };
    }
    case 'group':
      return immutableGroup(node);
    case 'chord':
      return { ...node, immutable: true, header: immutableGroup(node.header) };
  }
}

function immutableGroup(node: GroupNode): GroupNode {
  return { ...node, immutable: true, members: node.members.map(asImmutable) };
}
