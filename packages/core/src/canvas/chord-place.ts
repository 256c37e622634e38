import { type ChainNode, type ChordNode, type NodeOptions, type SignatureNode, withOptions } from './signature-node.js';

/** What makes a step a member of a chord. */
type Place = Pick<NodeOptions, 'chord' | 'groupId' | 'groupIndex'>;

/**
 * A chord as it travels: its place in an outer chord stands at the end of its body, where Python looks for it (celery 5.6 canvas.py, _chord.freeze). Options of a whole chord would be given to a body
 * that is a chain when its last step has a group already: its own header.
 */
export function travellingChord(node: ChordNode): ChordNode {
  const { chord, groupId, groupIndex, ...options } = node.options;
  if (chord == null) return node;
  return {
    ...node,
    body: withPlace(node.body, { chord, groupId: groupId ?? null, groupIndex: groupIndex ?? null }),
    options,
  };
}

/** The same of any sender as it stands here, where the place is the chord's own. A chord that Python has frozen has the id of its header; here it is that of its body. */
export function receivedChord(node: ChordNode): ChordNode {
  const { taskId, ...others } = node.options;
  const options = taskId !== undefined && taskId === node.header.options.taskId ? others : node.options;
  const place = placeOf(node.body);
  if (place === undefined) return { ...node, options };
  return { ...node, body: withoutPlace(node.body), options: { ...options, ...place } };
}

function placeOf(node: SignatureNode): Place | undefined {
  const { chord, groupId = null, groupIndex = null } = node.options;
  if (chord != null) return { chord, groupId, groupIndex };
  const last = node.kind === 'chain' ? node.links.at(-1) : undefined;
  return last === undefined ? undefined : placeOf(last);
}

function withPlace(node: SignatureNode, place: Place): SignatureNode {
  return node.kind === 'chain' ? withLast(node, (last) => withPlace(last, place)) : withOptions(node, place);
}

function withoutPlace(node: SignatureNode): SignatureNode {
  const { chord, groupId, groupIndex, ...options } = node.options;
  if (chord != null) return { ...node, options };
  return node.kind === 'chain' ? withLast(node, withoutPlace) : node;
}

function withLast(chain: ChainNode, change: (last: SignatureNode) => SignatureNode): ChainNode {
  return { ...chain, links: [...chain.links.slice(0, -1), ...chain.links.slice(-1).map(change)] };
}
