import type { CallOptions } from '../sending/call-options.js';
import { type NodeOptions, type SignatureNode, withLink, withOptions } from './signature-node.js';
import { checkedStamps, withStamps } from './with-stamps.js';

/** The same node with options as callers give them over its own: continuations are added, stamps by their names. */
export function withCallOptions<Node extends SignatureNode>(node: Node, options: CallOptions): Node {
  const { link, linkError, signal, stamps, ...plain } = options;
  let changed = withOptions(node, given(plain));
  if (stamps !== undefined) changed = withStamps(changed, checkedStamps(stamps));
  for (const next of listOf(link)) changed = withLink(changed, 'link', next.serialize());
  for (const errback of listOf(linkError)) changed = withLink(changed, 'linkError', errback.serialize());
  return changed;
}

/** What is undefined is not given, and takes nothing away (celery 5.6 canvas.py, Signature.apply_async). */
function given(options: Omit<CallOptions, 'link' | 'linkError' | 'signal' | 'stamps'>): NodeOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

function listOf<T extends { serialize(): unknown }>(links: T | readonly T[] | undefined): readonly T[] {
  if (links === undefined) return [];
  return 'serialize' in links ? [links] : links;
}
