import { marked, settled } from './marked.js';
import { errbacksOf, inPlaceOf, type Part, partOf, type TaskPart } from './rules.js';
import type { Shape } from './shape.js';

/** What a workflow has to come to. */
export interface Expectation {
  /** The value, or the labels of those that its failure may name. */
  readonly outcome: { readonly kind: 'value'; readonly value: unknown } | Failure;
  /** Everything that runs, by its label, callbacks included. */
  readonly runs: ReadonlyMap<string, ExpectedRun>;
}

export interface Failure {
  readonly kind: 'failure';
  readonly origins: ReadonlySet<string>;
}

/** What runs under a label. */
export interface ExpectedRun {
  /** Tasks, each of an id of its own: an errback that several call. */
  readonly tasks: number;
  /** Executions of each. */
  readonly attempts: number;
  /** Its mark of what it is given; undefined for an errback, which is given an id. */
  readonly mark: string | undefined;
}

/**
 * What Celery's rules give for a workflow, said without any of the means by which it is run: a chain hands on, a group gives a list, a chord's body is given the list of its header, and
 * what follows something that failed does not run.
 * @param given what comes in front of the arguments of what it begins with
 */
export function evaluate(shape: Shape, given: readonly unknown[]): Expectation {
  const runs = new Map<string, ExpectedRun>();
  const outcome = new Course(runs).outcomeOf(partOf(shape), given);
  return { outcome: outcome.kind === 'value' ? { ...outcome, value: settled(outcome.value) } : outcome, runs };
}

type Outcome = Expectation['outcome'];

/** What comes before a part as positional arguments, and the list of the chord's header of which it is a member. */
class Course {
  readonly #runs: Map<string, ExpectedRun>;

  constructor(runs: Map<string, ExpectedRun>) {
    this.#runs = runs;
  }

  /** @param beside where results of what it adds to its chord go; undefined in no chord */
  outcomeOf(part: Part, given: readonly unknown[], beside?: Outcome[]): Outcome {
    switch (part.kind) {
      case 'task':
        return this.#ofTask(part, part.isImmutable ? [] : given, beside);
      case 'collect':
        return this.#succeed(part, given[0]);
      case 'chain': {
        let args = given;
        let outcome: Outcome = { kind: 'value', value: undefined };
        for (const [index, link] of part.links.entries()) {
          outcome = this.outcomeOf(link, args, index === part.links.length - 1 ? beside : undefined);
          if (outcome.kind === 'failure') return outcome;
          args = [outcome.value];
        }
        return outcome;
      }
      case 'group':
        return listOf(part.members.map((member) => this.outcomeOf(member, given)));
      case 'chord': {
        const header = listOf(
          part.header.flatMap((member) => {
            const added: Outcome[] = [];
            return [this.outcomeOf(member, given, added), ...added];
          }),
        );
        if (header.kind === 'value') return this.outcomeOf(part.body, [header.value], beside);
        for (const errback of errbacksOf(part.body)) this.#call(errback);
        return header;
      }
    }
  }

  #ofTask(part: TaskPart, given: readonly unknown[], beside: Outcome[] | undefined): Outcome {
    const { task } = part;
    switch (task.kind) {
      case 'step': {
        const args = task.own === undefined ? given : [...given, task.own];
        return this.#succeed(part, this.#run(task.label, args, task.retries));
      }
      case 'fail':
        this.#run(task.label, given, task.retries);
        for (const errback of part.errbacks) this.#call(errback);
        return { kind: 'failure', origins: new Set([task.label]) };
      case 'adds':
        for (const added of beside === undefined ? [] : task.added)
          beside?.push({ kind: 'value', value: this.#run(added, []) });
        return this.#succeed(part, this.#run(task.label, given));
      case 'replaced': {
        const mark = this.#run(task.label, given);
        return this.outcomeOf(inPlaceOf(part, partOf(task.by)), [mark], beside);
      }
      case 'map':
      case 'starmap':
        return this.#succeed(
          part,
          task.items.map((item) => this.#run(item, [])),
        );
    }
  }

  #succeed({ callbacks }: Pick<Part, 'callbacks'>, value: unknown): Outcome {
    for (const { label, isImmutable } of callbacks) this.#run(label, isImmutable ? [] : [value]);
    return { kind: 'value', value };
  }

  #run(label: string, args: readonly unknown[], retries = 0): string {
    const mark = marked(label, args);
    this.#runs.set(label, { tasks: (this.#runs.get(label)?.tasks ?? 0) + 1, attempts: retries + 1, mark });
    return mark;
  }

  #call(errback: string): void {
    const { tasks = 0 } = this.#runs.get(errback) ?? {};
    this.#runs.set(errback, { tasks: tasks + 1, attempts: 1, mark: undefined });
  }
}

/** All of them, or the failure of any. */
function listOf(outcomes: readonly Outcome[]): Outcome {
  const failed = outcomes.filter((outcome): outcome is Failure => outcome.kind === 'failure');
  if (failed.length > 0) return { kind: 'failure', origins: new Set(failed.flatMap(({ origins }) => [...origins])) };
  return { kind: 'value', value: outcomes.map((outcome) => (outcome.kind === 'value' ? outcome.value : undefined)) };
}
