import type { ChainNode, SignatureNode } from './signature-node.js';

/** The chain of two steps; one that is nothing but its steps grows by one. */
export function followedBy(node: SignatureNode, next: SignatureNode): ChainNode {
  const isBare = node.kind === 'chain' && !node.immutable && Object.keys(node.options).length === 0;
  return { kind: 'chain', links: [...(isBare ? node.links : [node]), next], options: {}, immutable: false };
}
