import type { AsyncResult } from '../result/result-handle.js';
import type { LinkMismatch } from './chain.js';
import { createSignature, partsOf } from './create-signature.js';
import { groupNode, type ResultsOf } from './group.js';
import type { AnySignature, ArgsOf, ResultOf, Signature } from './signature.js';

/** The body has to take the list of the header's results. */
type CheckedBody<Members extends readonly unknown[], Body> =
  [ResultsOf<Members>] extends ArgsOf<Body> ? Body : LinkMismatch<ResultsOf<Members>, ArgsOf<Body>>;

/** A group and a task that is given the list of its results once all of them are there. */
export function chord<const Members extends readonly AnySignature[], Body extends AnySignature>(
  header: Members,
  body: Body & CheckedBody<Members, Body>,
): Signature<readonly unknown[], ResultOf<Body>, AsyncResult<ResultOf<Body>>> {
  const { node, kernel } = groupNode(header);
  const end = partsOf(body);
  return createSignature(kernel ?? end.kernel, {
    kind: 'chord',
    header: node,
    body: end.node,
    options: {},
    immutable: false,
  });
}
