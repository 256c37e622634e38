import { afterAll, beforeAll, expect, test } from 'vitest';
import { brokerNames } from './brokers.js';
import { MixedFleet } from './mixed-fleet.js';
import { describeOverBrokers } from './places.js';
import { makingPythonMs } from './python/environment.js';
import { type Placed, tagsOf } from './workflows/placement.js';
import { type Ending, failingWorkflows } from './workflows/workflow-errors.js';
import { type Notes, sorted, WorkflowRuns } from './workflows/workflow-runs.js';
import { defineWorkflowTasks } from './workflows/workflow-tasks.js';

const soon = { timeout: '20s' } as const;

const names = { redis: 'interopWorkflowErrors', amqp: 'interopWorkflowErrors' } as const;

describeOverBrokers('Errors in workflows between the languages', names, (place) => {
  const fleet = new MixedFleet(place);
  const { app } = fleet;
  const runs = new WorkflowRuns(fleet);
  defineWorkflowTasks(fleet);

  beforeAll(() => fleet.start(), makingPythonMs);
  afterAll(() => fleet.stop(), 30_000);

  const here = failingWorkflows.filter(({ over = brokerNames }) => over.includes(place.on));

  test.each(here.map((one) => [one.name, parityOf(one), tagsOf(one), one] as const))(
    '%s: both languages are told the same, whoever sent it and whoever ran its tasks%s %s',
    async (_name, _parity, _tags, workflow) => {
      const { ends, notes = {} } = workflow;
      const sent = await runs.send(workflow);
      const called = Object.keys(ends);
      const idsIn = ({ ids }: Placed) => called.map((name) => ids.get(name) ?? '');
      const toCtq = await Promise.all(sent.map((run) => Promise.all(idsIn(run).map(endingOf))));
      const toPython = await fleet.client.outcomes(sent.flatMap(idsIn));
      const told = await Promise.all(sent.map((run) => runs.notesOf(run, notes)));
      const byName = (endings: readonly unknown[]) =>
        Object.fromEntries(called.map((name, index) => [name, endings[index]]));
      expect(
        sent.map(({ direction }, index) => ({
          ...{ direction, told: told[index], toCtq: byName(toCtq[index] ?? []) },
          toPython: byName(toPython.slice(index * called.length)),
        })),
      ).toEqual(
        sent.map((run) => {
          const wanted = withIds(ends, run);
          return { direction: run.direction, told: sortedAll(withIds(notes, run)), toCtq: wanted, toPython: wanted };
        }),
      );
    },
  );

  test('no errback was called twice', async () => {
    expect(await runs.countUnread()).toBe(0);
  });

  /** What ctq reads of a task when it has ended. */
  async function endingOf(id: string): Promise<Ending> {
    const result = app.asyncResult(id);
    const value = await result.get({ ...soon, propagate: false });
    const record = await result.record();
    if (record === undefined || record.status === 'SUCCESS') return { value };
    const { excType, excMessage } = record.result as {
      readonly excType: string;
      readonly excMessage: readonly string[];
    };
    return { state: record.status, error: excType, message: excMessage.join() };
  }
});

function parityOf({ parity }: { readonly parity?: string }): string {
  return parity === undefined ? '' : ` [${parity}]`;
}

function sortedAll(notes: Notes): Notes {
  return Object.fromEntries(Object.entries(notes).map(([name, all]) => [name, sorted(all)]));
}

/** With ids of the run in the places of names. */
function withIds<What>(what: What, { ids }: Placed): What {
  const text = JSON.stringify(what).replaceAll(/\{(\w+)\}/g, (_, name: string) => ids.get(name) ?? name);
  return JSON.parse(text) as What;
}
