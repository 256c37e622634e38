import type { CallOptions } from '../sending/call-options.js';
import {
  type ChordNode,
  type GroupNode,
  type NodeOptions,
  type SignatureNode,
  withLink,
  withOptions,
} from './signature-node.js';
import type { Stamps } from './stamping-visitor.js';
import { isOptionName } from './wire-options.js';

/** The same node with options as callers give them over its own: continuations are added, stamps by their names. */
export function withCallOptions<Node extends SignatureNode>(node: Node, options: CallOptions): Node {
  const { link, linkError, signal, stamps, ...plain } = options;
  let changed = withOptions(node, given(plain));
  if (stamps !== undefined) changed = withStamps(changed, checkedStamps(stamps));
  for (const next of listOf(link)) changed = withLink(changed, 'link', next.serialize());
  for (const errback of listOf(linkError)) changed = withLink(changed, 'linkError', errback.serialize());
  return changed;
}

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
 * What is linked to a group is linked to its members: a callback to the first, which gives it nothing, and an errback to all of them (celery 5.6 canvas.py, group.link and link_error). It
 * has to stand there before ids are given and headers are flattened, since a member may be a workflow that hands it on.
 */
export function withSharedLinks(group: GroupNode): GroupNode {
  const { link = [], linkError = [], ...options } = group.options;
  if (link.length + linkError.length === 0) return group;
  const members = group.members.map((member, index) => {
    let linked = member;
    if (index === 0) for (const next of link) linked = withLink(linked, 'link', { ...next, immutable: true });
    for (const errback of linkError) linked = withLink(linked, 'linkError', errback);
    return linked;
  });
  return { ...group, members, options };
}

/** The body of a chord with what is linked to the chord. */
export function linkedBody({ body, options }: ChordNode): SignatureNode {
  const { link = [], linkError = [] } = options;
  let linked = body;
  for (const next of link) linked = withLink(linked, 'link', next);
  for (const errback of linkError) linked = withLink(linked, 'linkError', errback);
  return linked;
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

/** What is undefined is not given, and takes nothing away (celery 5.6 canvas.py, Signature.apply_async). */
function given(options: Omit<CallOptions, 'link' | 'linkError' | 'signal' | 'stamps'>): NodeOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

function listOf<T extends { serialize(): unknown }>(links: T | readonly T[] | undefined): readonly T[] {
  if (links === undefined) return [];
  return 'serialize' in links ? [links] : links;
}
