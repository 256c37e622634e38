/**
 * A workflow as the tests make one up: what it is made of, and nothing of how it runs. It is plain data, which a task may carry in its arguments. Labels are unique in
 * a workflow.
 */
export type Shape = Step | Failing | Adding | Replaced | Mapped | Chunked | Chain | Group | Chord;

/** What is linked to a part, by the labels of those tasks. */
interface Linked {
  /** Called when the part has succeeded. */
  readonly callback?: string | undefined;
  /** Called when it has failed. */
  readonly errback?: string | undefined;
}

interface Given {
  /** Ignores what comes before it: of a workflow whatever it begins with does. */
  readonly isImmutable?: boolean | undefined;
}

/** A task that marks what it is given with its label. */
export interface Step extends Linked, Given {
  readonly kind: 'step';
  readonly label: string;
  /** An argument of its own, behind what it is given. */
  readonly own?: string | undefined;
  /** Attempts that end with a retry, before the one that counts. */
  readonly retries?: number | undefined;
}

/** A task that throws. */
export interface Failing extends Linked {
  readonly kind: 'fail';
  readonly label: string;
  readonly retries?: number | undefined;
}

/** A step that adds others to the chord in whose header it stands, if it does. */
export interface Adding extends Linked {
  readonly kind: 'adds';
  readonly label: string;
  readonly added: readonly string[];
}

/** A task that puts a workflow in its place, which is given its mark of what it was given itself. */
export interface Replaced extends Linked {
  readonly kind: 'replaced';
  readonly label: string;
  readonly by: Shape;
}

/** One message for many items. */
export interface Mapped extends Linked {
  readonly kind: 'map' | 'starmap';
  readonly items: readonly string[];
}

/** A group of such messages. */
export interface Chunked extends Linked {
  readonly kind: 'chunks';
  readonly items: readonly string[];
  readonly size: number;
}

export interface Chain extends Linked, Given {
  readonly kind: 'chain';
  readonly links: readonly Shape[];
}

export interface Group extends Linked, Given {
  readonly kind: 'group';
  readonly members: readonly Shape[];
}

export interface Chord extends Linked, Given {
  readonly kind: 'chord';
  readonly header: readonly Shape[];
  readonly body: Shape;
}

/** The same shape with a change in each of its parts, the outer ones first. */
export function mapParts(shape: Shape, change: (part: Shape) => Shape): Shape {
  const below = (part: Shape): Shape => mapParts(part, change);
  const changed = change(shape);
  switch (changed.kind) {
    case 'chain':
      return { ...changed, links: changed.links.map(below) };
    case 'group':
      return { ...changed, members: changed.members.map(below) };
    case 'chord':
      return { ...changed, header: changed.header.map(below), body: below(changed.body) };
    case 'replaced':
      return { ...changed, by: below(changed.by) };
    default:
      return changed;
  }
}
