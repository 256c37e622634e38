import type { MixedFleet } from '../mixed-fleet.js';
import {
  directionsOf,
  type Placed,
  placed,
  type WorkflowDirection,
  workflowDirections,
  type WorkflowRow,
} from './placement.js';
import { signatureOf } from './signature-of.js';
import type { WorkflowCall } from './workflow-node.js';

/** A workflow that was sent. */
export interface WorkflowRun extends Placed {
  readonly direction: WorkflowDirection;
  /** Its result as data. */
  readonly tuple: unknown;
}

/** What tasks left behind, by the names of keys. */
export type Notes = Readonly<Record<string, readonly unknown[]>>;

/** Sends workflows through a mixed fleet, each in all its directions at the same time. */
export class WorkflowRuns {
  readonly #fleet: MixedFleet;
  readonly #keys: string[] = [];

  constructor(fleet: MixedFleet) {
    this.#fleet = fleet;
  }

  /** Once for each casting. */
  async send(workflow: WorkflowCall & WorkflowRow): Promise<readonly WorkflowRun[]> {
    const { node, args = [], kwargs = {}, stamps = {} } = workflow;
    const planned = directionsOf(workflow).flatMap((direction) =>
      workflowDirections[direction].castings.map((casting) => ({ direction, ...placed(node, casting) })),
    );
    const ofPython = planned.filter(({ direction }) => workflowDirections[direction].sender === 'python');
    const ofCtq = planned.filter((one) => !ofPython.includes(one));
    const [theirs, ours] = await Promise.all([
      this.#fleet.client.sendAll(ofPython.map((one) => ({ node: one.node, args, kwargs, stamps }))),
      Promise.all(ofCtq.map((one) => this.#send({ node: one.node, args, kwargs, stamps }))),
    ]);
    return [
      ...ofPython.map((one, index) => ({ ...one, tuple: theirs[index] })),
      ...ofCtq.map((one, index) => ({ ...one, tuple: ours[index] })),
    ];
  }

  /** What was left under the keys of a workflow, as many as there shall be of each, in an order of their own. */
  async notesOf({ keys }: WorkflowRun, expected: Notes): Promise<Notes> {
    this.#keys.push(...keys.values());
    const found = Object.entries(expected).map(async ([name, { length }]) => {
      const key = keys.get(name) ?? '';
      const notes = await Promise.all(Array.from({ length }, () => this.#fleet.gates.noted(key)));
      return [name, sorted(notes)] as const;
    });
    return Object.fromEntries(await Promise.all(found));
  }

  /** How many more were left meanwhile, under any key. */
  async countUnread(): Promise<number> {
    const counts = await Promise.all(this.#keys.map((key) => this.#fleet.gates.unread(key)));
    return counts.reduce((sum, count) => sum + count, 0);
  }

  async #send({ node, args = [], kwargs = {}, stamps = {} }: WorkflowCall): Promise<unknown> {
    const whole = signatureOf(this.#fleet.app, node).stamp(stamps);
    const called = Object.keys(kwargs).length === 0 ? whole : whole.withKwargs(kwargs);
    return (await called.delay(...args)).asTuple();
  }
}

/** Notes come in any order. */
export function sorted(notes: readonly unknown[]): readonly unknown[] {
  return notes.toSorted((one, other) => JSON.stringify(one).localeCompare(JSON.stringify(other)));
}
