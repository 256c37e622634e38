import type { Kernel } from '../app/kernel.js';
import type { GroupResult } from '../result/result-handle.js';
import { createSignature, partsOf } from './create-signature.js';
import type { AnySignature, ArgsOf, ResultOf, Signature } from './signature.js';
import type { GroupNode } from './signature-node.js';

/** The results of signatures, in their order: a tuple for a tuple, a list for a list or anything else that gives them. */
export type ResultsOf<Members extends Iterable<unknown>> = Members extends readonly unknown[]
  ? { -readonly [K in keyof Members]: ResultOf<Members[K]> }
  : Members extends Iterable<infer Member>
    ? ResultOf<Member>[]
    : never;

/** The arguments that every member takes in front of its own: those of the first; the others have to take the same. */
type SharedArgs<Members extends Iterable<unknown>> = Members extends readonly [infer First, ...unknown[]]
  ? ArgsOf<First>
  : Members extends Iterable<infer Member>
    ? ArgsOf<Member>
    : never;

/**
 * Signatures that run at the same time. The result is the list of their results, in the group's order. What gives them, a generator for one, is read once, here: ids and
 * numbers of members are known before the first is sent.
 */
export function group<const Members extends readonly AnySignature[] | Iterable<AnySignature>>(
  members: Members,
): Signature<SharedArgs<Members>, ResultsOf<Members>, GroupResult<ResultsOf<Members>>> {
  const { node, kernel } = groupNode(members);
  if (kernel === undefined)
    throw new TypeError('A group needs at least one signature: group([add.s(1, 1), add.s(2, 2)]).');
  return createSignature(kernel, node);
}

export function groupNode(members: Iterable<unknown>): {
  readonly node: GroupNode;
  readonly kernel: Kernel | undefined;
} {
  const found = Array.from(members, partsOf);
  return {
    node: { kind: 'group', members: found.map(({ node }) => node), options: {}, immutable: false },
    kernel: found[0]?.kernel,
  };
}
