import { createHash } from 'node:crypto';
import type { Shape } from './shape.js';

/** What a workflow has to come to. */
export interface Expectation {
  /** The value, or the labels of those that its failure may name. */
  readonly outcome: { readonly kind: 'value'; readonly value: unknown } | Failure;
  /** Labels of everything that runs, each once, callbacks included. */
  readonly runs: ReadonlySet<string>;
}

export interface Failure {
  readonly kind: 'failure';
  readonly origins: ReadonlySet<string>;
}

/** What the task of a step returns: short, and different for whatever it was given. */
export function marked(label: string, given: unknown): string {
  const text = `${label}(${JSON.stringify(given)})`;
  return text.length <= 60 ? text : `${label}#${createHash('sha256').update(text).digest('hex').slice(0, 16)}`;
}

/**
 * What Celery's rules give for a workflow, said without any of the means by which it is run: a chain hands on, a group gives a list, a chord's body is given the list of its header, and
 * what follows something that failed does not run. Groups directly in a header are part of it.
 */
export function evaluate(shape: Shape, given: unknown): Expectation {
  const runs = new Set<string>();
  return { outcome: outcomeOf(shape, given, { runs, isFollowed: false }), runs };
}

type Outcome = Expectation['outcome'];

interface Course {
  readonly runs: Set<string>;
  /** Something is behind it that is given its result: a group is the header of a chord then, and groups in it are part of it. */
  readonly isFollowed: boolean;
}

function outcomeOf(shape: Shape, given: unknown, course: Course): Outcome {
  const { runs } = course;
  switch (shape.kind) {
    case 'step': {
      runs.add(shape.label);
      if (shape.link !== undefined) runs.add(shape.link);
      return { kind: 'value', value: marked(shape.label, shape.isImmutable ? 'nothing' : given) };
    }
    case 'fail':
      runs.add(shape.label);
      runs.add(shape.errback);
      return { kind: 'failure', origins: new Set([shape.label]) };
    case 'chain':
      return inSequence(linksOf(shape), given, course);
    case 'group':
      return course.isFollowed
        ? headerOutcome(shape.members, given, course)
        : listOf(shape.members.map((member) => outcomeOf(member, given, course)));
    case 'chord': {
      const header = headerOutcome(shape.header, given, course);
      if (header.kind === 'value') return outcomeOf(shape.body, header.value, course);
      if (shape.errback !== undefined) runs.add(shape.errback);
      else for (const errback of errbacksOf(shape.body, course)) runs.add(errback);
      return header;
    }
  }
}

/** Of what never begins: a task has its own, a group those of its members; what a chain or chord is made of does not fail, it is not there. */
function errbacksOf(shape: Shape, course: Course): readonly string[] {
  if (shape.kind === 'fail') return [shape.errback];
  return shape.kind === 'group' && !course.isFollowed
    ? shape.members.flatMap((member) => errbacksOf(member, course))
    : [];
}

function inSequence(links: readonly Shape[], given: unknown, course: Course): Outcome {
  let outcome: Outcome = { kind: 'value', value: given };
  for (const [index, link] of links.entries()) {
    if (outcome.kind === 'failure') return outcome;
    const isFollowed = course.isFollowed || index < links.length - 1;
    outcome = outcomeOf(link, outcome.value, { ...course, isFollowed });
  }
  return outcome;
}

/** Chains in chains are one. */
function linksOf(shape: Shape): readonly Shape[] {
  return shape.kind === 'chain' ? shape.links.flatMap(linksOf) : [shape];
}

function headerOutcome(members: readonly Shape[], given: unknown, course: Course): Outcome {
  return listOf(unrolled(members).map((member) => outcomeOf(member, given, { ...course, isFollowed: true })));
}

function unrolled(members: readonly Shape[]): readonly Shape[] {
  return members.flatMap((member) => (member.kind === 'group' ? unrolled(member.members) : [member]));
}

/** All of them, or the failure of any. */
function listOf(outcomes: readonly Outcome[]): Outcome {
  const failed = outcomes.filter((outcome): outcome is Failure => outcome.kind === 'failure');
  if (failed.length > 0) return { kind: 'failure', origins: new Set(failed.flatMap(({ origins }) => [...origins])) };
  return { kind: 'value', value: outcomes.map((outcome) => (outcome.kind === 'value' ? outcome.value : undefined)) };
}
