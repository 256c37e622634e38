import type { AsyncResult, GroupResult } from '../result/result-handle.js';
import type { LinkMismatch } from './chain.js';
import { type ChordOptions, chordJoin, type MemberOutcome } from './chord-join.js';
import { groupOfChunks } from './chunks.js';
import { countedHeader } from './counted-header.js';
import { createSignature, partsOf } from './create-signature.js';
import { groupNode, type ResultsOf } from './group.js';
import type { AnySignature, ArgsOf, ResultOf, Signature } from './signature.js';

/** A group that is there already. */
type AnyGroup = Signature<never, unknown, GroupResult<unknown[]>>;

type HeaderResults<Header> = Header extends Iterable<unknown> ? ResultsOf<Header> : ResultOf<Header>;

/** What the body is given: the results of all members, how each of them ended, or the results of some. */
type Joined<Results, Options extends ChordOptions> = 'onMemberError' extends keyof Options
  ? JoinedBy<Results, Options['onMemberError']>
  : Results;

/** Of a choice that is made at run time all that it may be. */
type JoinedBy<Results, Choice> = Choice extends 'collect'
  ? { -readonly [K in keyof Results]: MemberOutcome<Results[K]> }
  : Choice extends { readonly quorum: number }
    ? Results extends readonly (infer Result)[]
      ? Result[]
      : never
    : Results;

/** The body has to take the list that the header gives. */
type CheckedBody<Given, Body> = [Given] extends ArgsOf<Body> ? Body : LinkMismatch<Given, ArgsOf<Body>>;

/**
 * Signatures, or a group of them, and a task that is given the list of their results once all of them are there. Whether it is called when some of them fail, and for how long
 * they are waited for, is said by `options`: `chord(prices, cheapest.s(), { onMemberError: { quorum: 2 }, timeout: '30s' })`.
 * @throws RangeError for a quorum that is no number of members, or more than the header has.
 */
export function chord<
  const Header extends readonly AnySignature[] | Iterable<AnySignature> | AnyGroup,
  Body extends AnySignature,
  const Options extends ChordOptions = Record<never, never>,
>(
  header: Header,
  body: Body & CheckedBody<Joined<HeaderResults<Header>, Options>, Body>,
  options?: Options,
): Signature<readonly unknown[], ResultOf<Body>, AsyncResult<ResultOf<Body>>> {
  const { node, kernel } = headerOf(header);
  const join = chordJoin(options ?? {}, countedHeader(node, undefined).members.length);
  const end = partsOf(body);
  return createSignature(kernel ?? end.kernel, {
    kind: 'chord',
    header: node,
    body: end.node,
    options: join === undefined ? {} : { join },
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
