import type { AsyncResult, GroupResult } from '../result/result-handle.js';
import type { LinkMismatch } from './chain.js';
import { groupOfChunks } from './chunks.js';
import { createSignature, partsOf } from './create-signature.js';
import { groupNode, type ResultsOf } from './group.js';
import type { AnySignature, ArgsOf, ResultOf, Signature } from './signature.js';

/** A group that is there already. */
type AnyGroup = Signature<never, unknown, GroupResult<unknown[]>>;

type HeaderResults<Header> = Header extends Iterable<unknown> ? ResultsOf<Header> : ResultOf<Header>;

/** The body has to take the list of the header's results. */
type CheckedBody<Header, Body> =
  [HeaderResults<Header>] extends ArgsOf<Body> ? Body : LinkMismatch<HeaderResults<Header>, ArgsOf<Body>>;

/** Signatures, or a group of them, and a task that is given the list of their results once all of them are there. */
export function chord<
  const Header extends readonly AnySignature[] | Iterable<AnySignature> | AnyGroup,
  Body extends AnySignature,
>(
  header: Header,
  body: Body & CheckedBody<Header, Body>,
): Signature<readonly unknown[], ResultOf<Body>, AsyncResult<ResultOf<Body>>> {
  const { node, kernel } = headerOf(header);
  const end = partsOf(body);
  return createSignature(kernel ?? end.kernel, {
    kind: 'chord',
    header: node,
    body: end.node,
    options: {},
    immutable: false,
  });
}

function headerOf(header: Iterable<unknown> | AnyGroup): ReturnType<typeof groupNode> {
  if (Symbol.iterator in header) return groupNode(header);
  const { node, kernel } = partsOf(header);
  const whole = node.kind === 'chunks' ? groupOfChunks(node) : node;
  if (whole.kind === 'group') return { node: whole, kernel };
  throw new TypeError(`The header of a chord is a list of signatures or a group, not a ${whole.kind}.`);
}
