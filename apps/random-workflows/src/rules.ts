import type { Shape } from './shape.js';

/**
 * A workflow after everything that Celery does when it is written down: `|`, `link`, `link_error` and `set_immutable` of celery 5.6 canvas.py. Chains are flat, a group that is followed is a
 * chord, and what is linked stands where it is called from.
 */
export type Part = TaskPart | CollectPart | ChainPart | GroupPart | ChordPart;

interface Callback {
  readonly label: string;
  readonly isImmutable: boolean;
}

/** What is called by the part itself. */
interface Links {
  readonly callbacks: readonly Callback[];
  readonly errbacks: readonly string[];
}

export interface TaskPart extends Links {
  readonly kind: 'task';
  readonly isImmutable: boolean;
  readonly task: Extract<Shape, { readonly kind: 'step' | 'fail' | 'adds' | 'replaced' | 'map' | 'starmap' }>;
}

/** Gives the list that it is given (`celery.accumulate`): a group in a place for one. */
export interface CollectPart extends Links {
  readonly kind: 'collect';
}

export interface ChainPart extends Links {
  readonly kind: 'chain';
  readonly links: readonly Part[];
}

export interface GroupPart extends Links {
  readonly kind: 'group';
  readonly members: readonly Part[];
}

export interface ChordPart extends Links {
  readonly kind: 'chord';
  readonly header: readonly Part[];
  readonly body: Part;
}

const unlinked = { callbacks: [], errbacks: [] } as const;
const collect: CollectPart = { kind: 'collect', ...unlinked };

export function partOf(shape: Shape): Part {
  let part = bare(shape);
  if ('isImmutable' in shape && shape.isImmutable === true) part = immutable(part);
  if (shape.callback !== undefined) part = link(part, { label: shape.callback, isImmutable: false });
  return shape.errback === undefined ? part : linkError(part, shape.errback);
}

function bare(shape: Shape): Part {
  switch (shape.kind) {
    case 'chain':
      return chained(shape.links.map(partOf));
    case 'group':
      return { kind: 'group', members: shape.members.map(partOf), ...unlinked };
    case 'chord':
      return { kind: 'chord', header: headerOf(shape.header.map(partOf)), body: partOf(shape.body), ...unlinked };
    case 'chunks': {
      const { items, size } = shape;
      const chunks = Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
        partOf({ kind: 'starmap', items: items.slice(index * size, (index + 1) * size) }),
      );
      return { kind: 'group', members: chunks, ...unlinked };
    }
    case 'map':
    case 'starmap':
      return { kind: 'task', task: shape, isImmutable: true, ...unlinked };
    default:
      return { kind: 'task', task: shape, isImmutable: false, ...unlinked };
  }
}

/** Groups in a header are part of it; a member that ends in a group is one place in the list. */
function headerOf(members: readonly Part[]): readonly Part[] {
  return members.flatMap((member) => (member.kind === 'group' ? headerOf(member.members) : [inOnePlace(member)]));
}

/** What stands in one place has one value: of a group the list. */
export function inOnePlace(part: Part): Part {
  return endsInGroup(part) ? chained([part, collect]) : part;
}

export function endsInGroup(part: Part): boolean {
  if (part.kind === 'chain') return part.links.slice(-1).some(endsInGroup);
  return part.kind === 'group' || (part.kind === 'chord' && endsInGroup(part.body));
}

/** Celery's `|`: chains in chains are one, a group and what follows it a chord. What follows a chord whose body is a group follows that. */
function chained(parts: readonly Part[]): Part {
  const joined: Part[] = [];
  for (const part of parts.flatMap((one) => (one.kind === 'chain' ? one.links : [one]))) {
    const before = joined.at(-1);
    if (before?.kind === 'group')
      joined[joined.length - 1] = { kind: 'chord', header: headerOf(before.members), body: part, ...unlinked };
    else if (before?.kind === 'chord' && endsInGroup(before))
      joined[joined.length - 1] = { ...before, body: chained([before.body, part]) };
    else joined.push(part);
  }
  const [only] = joined;
  // A chain of a group is the group, but in a header it has one place.
  const isLink = joined.length === 1 && only !== undefined && only.kind !== 'group';
  return isLink ? only : { kind: 'chain', links: joined, ...unlinked };
}

/** A chain's callback is its last link's, a chord's its body's, and a group's the first member's, which gives it nothing. */
function link(part: Part, callback: Callback): Part {
  switch (part.kind) {
    case 'task':
    case 'collect':
      return { ...part, callbacks: [...part.callbacks, callback] };
    case 'chain':
      return {
        ...part,
        links: part.links.map((one, at) => (at === part.links.length - 1 ? link(one, callback) : one)),
      };
    case 'group': {
      const once = { ...callback, isImmutable: true };
      return { ...part, members: part.members.map((one, at) => (at === 0 ? link(one, once) : one)) };
    }
    case 'chord':
      return { ...part, body: link(part.body, callback) };
  }
}

/** An errback is each link's of a chain, which keeps it for when it never begins, each member's of a group, and a chord's body's. */
function linkError(part: Part, errback: string): Part {
  const below = (one: Part): Part => linkError(one, errback);
  const errbacks = [...part.errbacks, errback];
  switch (part.kind) {
    case 'task':
    case 'collect':
      return { ...part, errbacks };
    case 'chain':
      return { ...part, links: part.links.map(below), errbacks };
    case 'group':
      return { ...part, members: part.members.map(below) };
    case 'chord':
      return { ...part, body: below(part.body) };
  }
}

function immutable(part: Part): Part {
  switch (part.kind) {
    case 'task':
      return { ...part, isImmutable: true };
    case 'collect':
      return part;
    case 'chain':
      return { ...part, links: part.links.map((one, at) => (at === 0 ? immutable(one) : one)) };
    case 'group':
      return { ...part, members: part.members.map(immutable) };
    case 'chord':
      return { ...part, header: part.header.map(immutable) };
  }
}

/** What takes the place of a task has what was linked to it. */
export function inPlaceOf({ callbacks, errbacks }: TaskPart, part: Part): Part {
  const linked = callbacks.reduce(link, inOnePlace(part));
  return errbacks.reduce(linkError, linked);
}

/**
 * Who is told when a part never begins (celery 5.6 backends/base.py, chord_error_from_stack): a chain has its own, and not those of its steps; a group has those of every member, a chord those of its
 * body.
 */
export function errbacksOf(part: Part): readonly string[] {
  if (part.kind === 'chain' && part.links.length === 1) return part.links.flatMap(errbacksOf);
  if (part.kind === 'chord') return errbacksOf(part.body);
  return part.kind === 'group' ? part.members.flatMap(errbacksOf) : part.errbacks;
}
