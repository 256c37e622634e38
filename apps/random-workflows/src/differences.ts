import { isDeepStrictEqual } from 'node:util';
import type { Expectation, ExpectedRun } from './evaluate.js';
import { settled } from './marked.js';

/** How a workflow has ended for whoever waited for it. */
export type Outcome =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'failure'; readonly message: string };

/** Waits for it. */
export async function outcomeOf(result: Promise<unknown>): Promise<Outcome> {
  return await result.then(
    (value) => ({ kind: 'value', value }) as const,
    (error: unknown) => ({ kind: 'failure', message: String(error) }) as const,
  );
}

/** One execution, as its task notes it down. */
export interface Ran {
  /** Which workflow it is of. */
  readonly run: string;
  readonly label: string;
  /** Of the task; null where a function ran in place. */
  readonly id: string | null;
  /** Its mark of what it was given. */
  readonly mark: string;
}

/** A workflow that has ended. */
export interface Ended {
  readonly expected: Expectation;
  readonly outcome: Outcome;
  readonly ran: readonly Ran[];
}

/**
 * In what a workflow is not what was expected of it, in words; empty when it is. Where messages may come again each may run again, as the same task; else everything runs once.
 */
export function differences({ expected, outcome, ran }: Ended, mayRepeat: boolean): readonly string[] {
  const found = [...ofOutcome(expected.outcome, outcome)];
  const byLabel = groupBy(ran, ({ label }) => label);
  for (const label of expected.runs.keys()) if (!byLabel.has(label)) found.push(`${label} did not run`);
  for (const [label, executions] of byLabel) {
    const run = expected.runs.get(label);
    found.push(...(run === undefined ? [`${label} ran`] : ofRuns(label, run, executions, mayRepeat)));
  }
  return found;
}

/** Labels of which not every task ran yet. */
export function missing({ runs }: Expectation, ran: readonly Ran[]): readonly string[] {
  const byLabel = groupBy(ran, ({ label }) => label);
  return [...runs]
    .filter(([label, { tasks, attempts }]) => {
      const byId = groupBy(byLabel.get(label) ?? [], ({ id }) => id);
      return byId.size < tasks || [...byId.values()].some((executions) => executions.length < attempts);
    })
    .map(([label]) => label);
}

function ofRuns(
  label: string,
  { tasks, attempts, mark }: ExpectedRun,
  executions: readonly Ran[],
  mayRepeat: boolean,
): readonly string[] {
  const found: string[] = [];
  const byId = groupBy(executions, ({ id }) => id);
  if (byId.size !== tasks) found.push(`${label} ran under ${byId.size} ids, not ${tasks}`);
  for (const { length } of byId.values())
    if (mayRepeat ? length < attempts : length !== attempts)
      found.push(`${label} ran ${length} times, not ${attempts}`);
  const other = executions.find((execution) => mark !== undefined && execution.mark !== mark);
  if (other !== undefined) found.push(`${label} was given what gives ${other.mark}, not ${mark}`);
  return found;
}

function ofOutcome(expected: Expectation['outcome'], outcome: Outcome): readonly string[] {
  if (expected.kind === 'value') {
    const isSame = outcome.kind === 'value' && isDeepStrictEqual(settled(outcome.value), expected.value);
    return isSame ? [] : [`${JSON.stringify(outcome)}, not ${JSON.stringify(expected)}`];
  }
  if (outcome.kind === 'value') return [`the value ${JSON.stringify(outcome.value)} in place of a failure`];
  const isNamed = [...expected.origins].some((label) => outcome.message.includes(`${label} failed`));
  return isNamed ? [] : [`'${outcome.message}' names none of ${[...expected.origins].join(', ')}`];
}

function groupBy<Key>(executions: readonly Ran[], keyOf: (ran: Ran) => Key): ReadonlyMap<Key, readonly Ran[]> {
  const groups = new Map<Key, Ran[]>();
  for (const ran of executions) {
    const group = groups.get(keyOf(ran));
    if (group === undefined) groups.set(keyOf(ran), [ran]);
    else group.push(ran);
  }
  return groups;
}
