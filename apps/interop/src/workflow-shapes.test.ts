import type { AnyResult } from '@ctq/core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { MixedFleet } from './mixed-fleet.js';
import { describeOverBrokers } from './places.js';
import { makingPythonMs } from './python/environment.js';
import { tagsOf, workflowDirections } from './workflows/placement.js';
import { stepsAndParents, stepsAndTree, workflowShapes } from './workflows/workflow-shapes.js';
import { WorkflowRuns } from './workflows/workflow-runs.js';
import { defineWorkflowTasks } from './workflows/workflow-tasks.js';

const soon = { timeout: '20s' } as const;

const names = { redis: 'interopWorkflows', amqp: 'interopWorkflows' } as const;

describeOverBrokers('Workflows between the languages', names, (place) => {
  const fleet = new MixedFleet(place);
  const { app } = fleet;
  const runs = new WorkflowRuns(fleet);
  defineWorkflowTasks(fleet);

  beforeAll(() => fleet.start(), makingPythonMs);
  afterAll(() => fleet.stop(), 30_000);

  test.each(workflowShapes.map((shape) => [shape.name, parityOf(shape), tagsOf(shape), shape] as const))(
    '%s gives the same, whoever sends it, whoever runs its tasks and whoever reads the result%s %s',
    async (_name, _parity, _tags, shape) => {
      const { value, valueFromCtq = value, notes = {} } = shape;
      const sent = await runs.send(shape);
      const toCtq = await Promise.all(sent.map(({ tuple }) => app.resultFromTuple(tuple).get(soon)));
      const toPython = await fleet.client.readAll(sent.map(({ tuple }) => tuple));
      const left = await Promise.all(sent.map((run) => runs.notesOf(run, notes)));
      expect(sent.map(({ direction }, index) => [direction, toCtq[index], toPython[index], left[index]])).toEqual(
        sent.map(({ direction }) => {
          const wanted = workflowDirections[direction].sender === 'ctq' ? valueFromCtq : value;
          return [direction, wanted, wanted, notes];
        }),
      );
    },
  );

  test(`the results of the steps before are found from the last one, in the other language, too [CV-144, CV-145, CV-146] ${tagsOf(stepsAndParents)}`, async () => {
    const sent = await runs.send(stepsAndParents);
    for (const { direction, tuple } of sent) {
      const toCtq: unknown[] = [];
      for (let one: AnyResult | undefined = app.resultFromTuple(tuple); one !== undefined; one = one.parent)
        toCtq.push(await one.get(soon));
      expect([direction, toCtq]).toEqual([direction, stepsAndParents.value]);
      expect([direction, await fleet.client.fromTuple(tuple)]).toEqual([direction, stepsAndParents.value]);
    }
  });

  test(`the first step leads to what came of it, in the language that has not sent it [CV-148, CV-149] ${tagsOf(stepsAndTree)}`, async () => {
    const sent = await runs.send(stepsAndTree);
    for (const { direction, ids, tuple } of sent) {
      await app.resultFromTuple(tuple).get(soon);
      const first = ids.get('first') ?? '';
      const isOfCtq = workflowDirections[direction].sender === 'ctq';
      const values = isOfCtq ? await fleet.client.collect(first) : await valuesBelow(first);
      expect([direction, values]).toEqual([direction, stepsAndTree.value]);
    }
  });

  test('no callback was called twice', async () => {
    expect(await runs.countUnread()).toBe(0);
  });

  async function valuesBelow(id: string): Promise<readonly unknown[]> {
    const values: unknown[] = [];
    for await (const [, value] of app.asyncResult(id).collect(soon)) values.push(value);
    return values;
  }
});

function parityOf({ parity }: { readonly parity?: string }): string {
  return parity === undefined ? '' : ` [${parity}]`;
}
