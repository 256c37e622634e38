import fc from 'fast-check';
import { type Chunked, mapParts, type Shape } from './shape.js';

type Kind = Shape['kind'];

export interface ShapesOptions {
  /** How deep workflows stand in workflows. */
  readonly maxDepth: number;
  /** Kinds of which there are none: what the other side of a test has no way to run. */
  readonly without?: readonly Kind[];
}

interface Kinds {
  readonly whole: Shape;
  readonly leaf: Shape;
  readonly chain: Shape;
  readonly group: Shape;
  readonly chord: Shape;
  readonly replaced: Shape;
}

/** A label is given when the whole is there. */
const label = '';
const some = fc.constantFrom(undefined, undefined, undefined, label);
const rarely = fc.constantFrom(undefined, undefined, undefined, undefined, undefined, undefined, true);
const links = { callback: some, errback: some };
const retries = fc.constantFrom(undefined, undefined, undefined, undefined, 1, 2);

/** Shapes of any kind; a failing task is rare enough for most workflows to get far. */
export function shapes({ maxDepth, without = [] }: ShapesOptions): fc.Arbitrary<Shape> {
  const isWanted = ({ kind }: { readonly kind: Kind }): boolean => !without.includes(kind);
  const leaves = leavesByWeight.filter(isWanted).map(({ weight, arbitrary }) => ({ weight, arbitrary }));
  const { whole } = fc.letrec((tie: fc.LetrecTypedTie<Kinds>): fc.LetrecValue<Kinds> => {
    const parts = fc.array(tie('whole'), { minLength: 1, maxLength: 4 });
    return {
      leaf: fc.oneof(...leaves),
      chain: fc.record({ kind: fc.constant('chain'), links: parts, isImmutable: rarely, ...links }),
      group: fc.record({ kind: fc.constant('group'), members: parts, isImmutable: rarely, ...links }),
      chord: fc.record({
        kind: fc.constant('chord'),
        header: parts,
        body: tie('whole'),
        isImmutable: rarely,
        ...links,
      }),
      replaced: fc.record({ kind: fc.constant('replaced'), label: fc.constant(label), by: tie('whole'), ...links }),
      whole: fc.oneof(
        { maxDepth, withCrossShrink: true },
        tie('leaf'),
        tie('chain'),
        tie('group'),
        tie('chord'),
        ...(isWanted({ kind: 'replaced' }) ? [tie('replaced')] : []),
      ),
    };
  });
  return whole.map(labelled);
}

const step: fc.Arbitrary<Shape> = fc.record({
  kind: fc.constant('step'),
  label: fc.constant(label),
  isImmutable: rarely,
  own: fc.constantFrom(undefined, undefined, 'own'),
  retries,
  ...links,
});

const leavesByWeight: readonly {
  readonly kind: Kind;
  readonly weight: number;
  readonly arbitrary: fc.Arbitrary<Shape>;
}[] = [
  { kind: 'step', weight: 16, arbitrary: step },
  {
    kind: 'fail',
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('fail'), label: fc.constant(label), retries, ...links }),
  },
  {
    kind: 'adds',
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('adds'),
      label: fc.constant(label),
      added: fc.array(fc.constant(label), { minLength: 1, maxLength: 2 }),
      ...links,
    }),
  },
  {
    kind: 'map',
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constantFrom('map', 'starmap'),
      items: fc.array(fc.constant(label), { maxLength: 3 }),
      ...links,
    }),
  },
  {
    kind: 'chunks',
    weight: 1,
    arbitrary: fc.record<Chunked>({
      kind: fc.constant('chunks'),
      items: fc.array(fc.constant(label), { minLength: 1, maxLength: 4 }),
      size: fc.constantFrom(1, 2),
      ...links,
    }),
  },
];

/** The same shape with labels by the order in which its parts are written, outer ones first. */
function labelled(shape: Shape): Shape {
  let count = 0;
  const next = (letter: string): string => `${letter}${(count += 1)}`;
  return mapParts(shape, (part) => withLinks(withOwnLabel(part, next), next));
}

function withOwnLabel(part: Shape, next: (letter: string) => string): Shape {
  switch (part.kind) {
    case 'step':
      return { ...part, label: next('s') };
    case 'fail':
      return { ...part, label: next('f') };
    case 'replaced':
      return { ...part, label: next('r') };
    case 'adds': {
      const own = next('a');
      return { ...part, label: own, added: part.added.map((_, index) => `${own}.${index + 1}`) };
    }
    case 'map':
    case 'starmap':
      return { ...part, items: part.items.map(() => next('i')) };
    case 'chunks':
      return { ...part, items: part.items.map(() => next('i')) };
    default:
      return part;
  }
}

function withLinks(part: Shape, next: (letter: string) => string): Shape {
  const { callback, errback } = part;
  return {
    ...part,
    callback: callback === undefined ? undefined : next('c'),
    errback: errback === undefined ? undefined : next('e'),
  };
}
