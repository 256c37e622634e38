import { type GroupNode, type SignatureNode, withOptions } from './signature-node.js';
import type { Stamps } from './stamping-visitor.js';
import { isOptionName } from './wire-options.js';

/** The same node with these stamps over its own. */
export function withStamps<Node extends SignatureNode>(node: Node, stamps: Stamps): Node {
  const all = { ...node.options.stamps, ...stamps };
  const stampedHeaders = Object.keys(all);
  return stampedHeaders.length === 0 ? node : withOptions(node, { stamps: all, stampedHeaders });
}

/** The same node with these stamps where it has none of that name: what was stamped stays (celery 5.6 canvas.py, Signature._merge). */
export function withStampsBelow<Node extends SignatureNode>(node: Node, stamps: Stamps | undefined): Node {
  return stamps === undefined ? node : withStamps(node, { ...stamps, ...node.options.stamps });
}

/** The stamps of a group are those of its members, where a member has none of that name. */
export function withSharedStamps(group: GroupNode): GroupNode {
  const { stamps } = group.options;
  if (stamps === undefined) return group;
  return { ...group, members: group.members.map((member) => withStampsBelow(member, stamps)) };
}

/**
 * Stamps as a caller gives them. In a signature that travels a stamp stands among the options, under its own name.
 * @throws TypeError for what can be no stamp.
 */
export function checkedStamps(stamps: Stamps): Stamps {
  for (const [name, value] of Object.entries(stamps)) {
    if (isOptionName(name))
      throw new TypeError(
        `No stamp can have the name ${name}: that of an option of calls in messages. Choose another.`,
      );
    if (typeof value === 'function')
      throw new TypeError(`The stamp ${name} is a function. Give a value; a visitor needs the method onSignature.`);
  }
  return stamps;
}
