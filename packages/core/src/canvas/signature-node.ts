import { isDeepStrictEqual } from 'node:util';
import type { CallOptions, Placement } from '../sending/call-options.js';
import type { ChordJoin } from './chord-join.js';
import type { SerializedSignature } from './serialized-signature.js';

/**
 * A workflow as plain data: what signatures are made of, what is frozen, sent and found in messages. Options of a step are the ones it is to be
 * sent with; ids are in them once it was frozen.
 */
export type SignatureNode = TaskNode | ChainNode | GroupNode | ChordNode | ChunksNode;

export interface TaskNode {
  readonly kind: 'task';
  readonly task: string;
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
  readonly options: NodeOptions;
  readonly immutable: boolean;
}

export interface ChainNode {
  readonly kind: 'chain';
  readonly links: readonly SignatureNode[];
  readonly options: NodeOptions;
  readonly immutable: boolean;
}

export interface GroupNode {
  readonly kind: 'group';
  readonly members: readonly SignatureNode[];
  readonly options: NodeOptions;
  readonly immutable: boolean;
}

export interface ChordNode {
  readonly kind: 'chord';
  readonly header: GroupNode;
  readonly body: SignatureNode;
  readonly options: NodeOptions;
  readonly immutable: boolean;
}

/** A task over many items, so many of them a message: a group as soon as it is frozen. Nothing comes in front of its arguments. */
export interface ChunksNode {
  readonly kind: 'chunks';
  readonly task: SerializedSignature;
  /** Arguments of a call each. */
  readonly items: readonly unknown[];
  readonly size: number;
  readonly options: NodeOptions;
  readonly immutable: true;
}

/** Continuations are kept in their travelling form. */
export interface NodeOptions extends Omit<CallOptions, 'link' | 'linkError' | 'signal'>, Placement {
  readonly link?: readonly SerializedSignature[];
  readonly linkError?: readonly SerializedSignature[];
  /** The names of the stamps. */
  readonly stampedHeaders?: readonly string[];
  /** Of a chord: how its header is joined, where that is not Celery's way. */
  readonly join?: ChordJoin;
  /** Of the body that members of a header carry: how they are joined. */
  readonly joinedBy?: ChordJoin;
  /** Options of a received signature that are not known here; they travel on. */
  readonly extra?: Readonly<Record<string, unknown>>;
}

/** The same node with options over its own. */
export function withOptions<Node extends SignatureNode>(node: Node, options: NodeOptions): Node {
  return { ...node, options: { ...node.options, ...options } };
}

/** The same node with one more continuation, unless it has an equal one (celery 5.6 canvas.py, append_to_list_option). */
export function withLink<Node extends SignatureNode>(
  node: Node,
  which: 'link' | 'linkError',
  next: SerializedSignature,
): Node {
  const links = node.options[which] ?? [];
  return links.some((link) => isDeepStrictEqual(link, next)) ? node : withOptions(node, { [which]: [...links, next] });
}
