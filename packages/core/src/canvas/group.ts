import type { Kernel } from '../app/kernel.js';
import type { GroupResult } from '../result/result-handle.js';
import { createSignature, partsOf } from './create-signature.js';
import type { AnySignature, ArgsOf, ResultOf, Signature } from './signature.js';
import type { GroupNode } from './signature-node.js';

/** The results of signatures, in their order: a tuple for a tuple, a list for a list. */
export type ResultsOf<Members extends readonly unknown[]> = { -readonly [K in keyof Members]: ResultOf<Members[K]> };

/** The arguments that every member takes in front of its own: those of the first; the others have to take the same. */
type SharedArgs<Members extends readonly unknown[]> = Members extends readonly [infer First, ...unknown[]]
  ? ArgsOf<First>
  : ArgsOf<Members[number]>;

/** Signatures that run at the same time. The result is the list of their results, in the group's order. */
export function group<const Members extends readonly AnySignature[]>(
  members: Members,
): Signature<SharedArgs<Members>, ResultsOf<Members>, GroupResult<ResultsOf<Members>>> {
  const { node, kernel } = groupNode(members);
  if (kernel === undefined)
    throw new TypeError('A group needs at least one signature: group([add.s(1, 1), add.s(2, 2)]).');
  return createSignature(kernel, node);
}

export function groupNode(members: readonly unknown[]): {
  readonly node: GroupNode;
  readonly kernel: Kernel | undefined;
} {
  const found = members.map(partsOf);
  return {
    node: { kind: 'group', members: found.map(({ node }) => node), options: {}, immutable: false },
    kernel: found[0]?.kernel,
  };
}
