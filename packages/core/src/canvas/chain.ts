import type { AsyncResult } from '../result/result-handle.js';
import { createSignature, partsOf } from './create-signature.js';
import type { AnySignature, ArgsOf, ResultOf, Signature, Takes } from './signature.js';

/** What the compiler says of a link that cannot take the result before it: the name of the member that it lacks is the message. */
export interface LinkMismatch<Given, Takes> {
  readonly 'This link does not take the result of the one before it, or lacks more arguments: give them with .s(…), or use .si(…).': {
    readonly given: Given;
    readonly takes: Takes;
  };
}

/** The same for a spread of as many links as a list has. */
interface UncountedLinks {
  readonly 'It is not known here how many links these are: chain(list) takes a list, and .pipe(…) joins it to others.': true;
}

/**
 * Each link after the first has to take the result of the one before it as its only missing argument. Each is looked at beside its neighbour alone, so that the
 * compiler's work grows with their number and no faster.
 */
export type CheckedLinks<Links extends readonly unknown[]> = {
  -readonly [K in keyof Links]: number extends Links['length']
    ? UncountedLinks
    : CheckedLink<K extends keyof Shifted<Links> ? Shifted<Links>[K] : never, Links[K]>;
};
/** In which each link stands in the place of the one after it. */
type Shifted<Links extends readonly unknown[]> = readonly [Start, ...Links];
type Start = 'start';
type CheckedLink<Before, Link> = [Before] extends [Start]
  ? Link
  : [ResultOf<Before>] extends ArgsOf<Link>
    ? Link
    : LinkMismatch<ResultOf<Before>, ArgsOf<Link>>;

type Last<Links extends readonly unknown[]> = Links extends readonly [...unknown[], infer End] ? End : never;

/** Each of them takes the result of any of them. */
type Uniform<Link> = [Link] extends [Takes<[ResultOf<Link>]>] ? Link : LinkMismatch<ResultOf<Link>, ArgsOf<Link>>;

/** The same for links of one kind, as many as the list or generator gives, of which each takes the result of the one before it. */
export function chain<Link extends AnySignature>(
  links: Iterable<Link & Uniform<Link>>,
): Signature<ArgsOf<Link>, ResultOf<Link>, AsyncResult<ResultOf<Link>>>;
/**
 * Steps that run one after the other, each with the result of the one before as first argument. `chain(add.s(2, 2), add.s(4))` adds 4
 * to the sum; a link that does not fit is a compile error.
 */
export function chain<const Links extends readonly [AnySignature, ...AnySignature[]]>(
  ...links: Links & CheckedLinks<Links>
): Signature<ArgsOf<Links[0]>, ResultOf<Last<Links>>, AsyncResult<ResultOf<Last<Links>>>>;
export function chain(...given: readonly unknown[]): AnySignature {
  const [start] = given;
  const links = given.length === 1 && isIterable(start) ? start : given;
  const [first, ...rest] = Array.from(links, partsOf);
  if (first === undefined) throw new TypeError('A chain needs at least one signature: chain(add.s(2, 2), add.s(4)).');
  return createSignature(first.kernel, {
    kind: 'chain',
    links: [first, ...rest].map(({ node }) => node),
    options: {},
    immutable: false,
  });
}

function isIterable(value: unknown): value is Iterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.iterator in value;
}
