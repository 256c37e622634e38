import fc from 'fast-check';

/** A workflow as the tests make one up: what it is made of, and nothing of how it runs. Labels are unique in a workflow. */
export type Shape = Step | Failing | { readonly kind: 'chain'; readonly links: readonly Shape[] } | Group | Chord;

/** A task that marks what it is given with its label. */
export interface Step {
  readonly kind: 'step';
  readonly label: string;
  /** Ignores what comes before it. */
  readonly isImmutable: boolean;
  /** A callback, which is given the result. */
  readonly link: string | undefined;
}

/** A task that throws, and its errback. */
export interface Failing {
  readonly kind: 'fail';
  readonly label: string;
  readonly errback: string;
}

export interface Group {
  readonly kind: 'group';
  readonly members: readonly Shape[];
}

export interface Chord {
  readonly kind: 'chord';
  readonly header: readonly Shape[];
  readonly body: Shape;
  /** Of a body that is a task: run when the header fails. */
  readonly errback: string | undefined;
}

/** Shapes up to a depth; a failing task is rare enough for most workflows to get far. */
export function shapes(maxDepth: number): fc.Arbitrary<Shape> {
  const { whole } = fc.letrec<{ whole: Shape; leaf: Shape; chain: Shape; group: Shape; chord: Shape }>((tie) => ({
    leaf: fc.oneof(
      { weight: 12, arbitrary: fc.record({ isImmutable: fc.boolean(), isLinked: fc.boolean() }).map(stepOf) },
      { weight: 1, arbitrary: fc.constant<Shape>({ kind: 'fail', label: '', errback: '' }) },
    ),
    chain: fc.array(tie('whole'), { minLength: 1, maxLength: 4 }).map((links): Shape => ({ kind: 'chain', links })),
    group: fc.array(tie('whole'), { minLength: 1, maxLength: 4 }).map((members): Shape => ({ kind: 'group', members })),
    chord: fc
      .record({ header: fc.array(tie('whole'), { minLength: 1, maxLength: 4 }), body: tie('whole') })
      .map((parts): Shape => ({ kind: 'chord', ...parts, errback: parts.body.kind === 'step' ? '' : undefined })),
    whole: fc.oneof({ maxDepth, withCrossShrink: true }, tie('leaf'), tie('chain'), tie('group'), tie('chord')),
  }));
  return whole.map((shape) => labelled(shape));
}

function stepOf({ isImmutable, isLinked }: { isImmutable: boolean; isLinked: boolean }): Shape {
  return { kind: 'step', label: '', isImmutable, link: isLinked ? '' : undefined };
}

/** The same shape with labels by the order in which its parts are written. */
function labelled(shape: Shape): Shape {
  let count = 0;
  const next = (letter: string): string => `${letter}${(count += 1)}`;
  const name = (part: Shape): Shape => {
    switch (part.kind) {
      case 'step':
        return { ...part, label: next('s'), link: part.link === undefined ? undefined : next('l') };
      case 'fail':
        return { ...part, label: next('f'), errback: next('e') };
      case 'chain':
        return { ...part, links: part.links.map(name) };
      case 'group':
        return { ...part, members: part.members.map(name) };
      case 'chord':
        return {
          ...part,
          ...{ header: part.header.map(name), body: name(part.body) },
          errback: part.errback === undefined ? undefined : next('e'),
        };
    }
  };
  return name(shape);
}
