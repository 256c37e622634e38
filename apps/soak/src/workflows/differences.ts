import { isDeepStrictEqual } from 'node:util';
import type { Expectation } from './evaluate.js';
import type { Shape } from './shape.js';

/** A workflow that has ended. */
export interface Ended {
  readonly shape: Shape;
  readonly expected: Expectation;
  readonly outcome:
    | { readonly kind: 'value'; readonly value: unknown }
    | { readonly kind: 'failure'; readonly message: string };
  /** Labels that ran, each with the ids under which it did and how often. */
  readonly ran: ReadonlyMap<string, ReadonlyMap<string, number>>;
}

/**
 * In what a workflow is not what was expected of it, in words; empty when it is. A message that comes twice may run twice, as the same task; else everything runs once.
 */
export function differences({ shape, expected, outcome, ran }: Ended, isDoubled: boolean): readonly string[] {
  const found = [...ofOutcome(expected.outcome, outcome)];
  for (const label of expected.runs) if (!ran.has(label)) found.push(`${label} did not run`);
  for (const [label, ids] of ran) {
    const runs = [...ids.values()].reduce((sum, count) => sum + count, 0);
    if (!expected.runs.has(label)) found.push(`${label} ran`);
    else if (ids.size > 1) found.push(`${label} ran under ${ids.size} ids`);
    else if (!isDoubled && runs > 1) found.push(`${label} ran ${runs} times`);
  }
  return found.map((difference) => `${difference}, in ${JSON.stringify(shape)}`);
}

function ofOutcome(expected: Expectation['outcome'], outcome: Ended['outcome']): readonly string[] {
  if (expected.kind === 'value')
    return isDeepStrictEqual(outcome, expected) ? [] : [`${JSON.stringify(outcome)}, not ${JSON.stringify(expected)}`];
  if (outcome.kind === 'value') return [`the value ${JSON.stringify(outcome.value)} in place of a failure`];
  const isNamed = [...expected.origins].some((label) => outcome.message.includes(`${label} failed`));
  return isNamed ? [] : [`'${outcome.message}' names none of ${[...expected.origins].join(', ')}`];
}
