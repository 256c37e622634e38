import { noteKey, type WorkflowRow } from './placement.js';
import { chainOf, chordOf, groupOf, task, type WorkflowCall, type WorkflowNode, withOptions } from './workflow-node.js';

/** A kind of workflow, and what comes of it whoever sends it and whoever executes its tasks. */
export interface WorkflowShape extends WorkflowCall, WorkflowRow {
  /** Rows of the parity checklist that it shows. */
  readonly parity?: string;
  readonly value: unknown;
  /** Where ctq's senders get something else, on purpose. */
  readonly valueFromCtq?: unknown;
  /** What tasks leave behind, by the names of keys. */
  readonly notes?: Readonly<Record<string, readonly unknown[]>>;
}

const add = (...args: readonly number[]) => task('add', ...args);
const total = task('total');
const echo = task('echo');
const sums = [add(1, 1), add(2, 2), add(3, 3), add(4, 4)];
const pairs = [
  [1, 1],
  [2, 2],
  [3, 3],
];
const noted = (name: string, ...args: readonly unknown[]) => task('note', ...args, noteKey(name));
/** The note of a callback that was given so. */
const given = (...args: readonly unknown[]) => ({ args, stamps: {} });
const stamps = { tenant: 'blue', urgent: true };
const immutable = (node: WorkflowNode) => withOptions(node, { immutable: true });

const ofCelery = 'in Celery they are a task there, whose result cannot be encoded';
const asTask = { 'python → ctq': ofCelery, 'python → both': ofCelery };
const ofPython = 'only Python workers join what Celery keeps of it';
const keptGroups = { 'python → ctq': ofPython, 'python → both': ofPython };

const notStamped = 'Celery alone: a Python worker does not stamp it';
const unstamped = { 'ctq → python': notStamped, 'python → both': notStamped, 'ctq → both': notStamped };

export const workflowShapes: readonly WorkflowShape[] = [
  { name: 'a chain', node: chainOf(add(1, 1), add(10), add(100)), value: 112 },
  { name: 'a chain of one', parity: 'CV-168', node: chainOf(add(1, 1)), value: 2 },
  { name: 'a group', node: groupOf(...sums), value: [2, 4, 6, 8] },
  { name: 'a group of one', node: groupOf(add(1, 1)), value: [2] },
  { name: 'a chord', node: chordOf(sums, total), value: 20 },
  { name: 'a chord of one', parity: 'CV-252', node: chordOf([add(1, 1)], total), value: 2 },
  { name: 'a chord with an empty header', parity: 'CV-094, CV-253', node: chordOf([], total), value: 0 },
  {
    name: 'a chord of chains',
    node: chordOf([chainOf(add(1, 1), add(1)), chainOf(add(2, 2), add(2), add(2))], total),
    value: 11,
  },
  {
    name: 'a chord of groups',
    node: chordOf([groupOf(add(1, 1), add(2, 2)), add(3, 3)], echo),
    value: [4, 2, 6],
    valueFromCtq: [2, 4, 6],
  },
  { name: 'a group followed by a task', node: chainOf(groupOf(...sums), total), value: 20 },
  {
    name: 'a group followed by a group',
    parity: 'CV-055, CV-104',
    node: chainOf(groupOf(...sums), groupOf(total, echo)),
    value: [20, [2, 4, 6, 8]],
  },
  {
    name: 'groups and tasks by turns',
    parity: 'CV-248',
    node: chainOf(add(1, 1), groupOf(add(1), add(2)), total, groupOf(add(10), add(20)), total),
    value: 44,
  },
  {
    name: 'a chain that ends in a group',
    parity: 'CV-193',
    node: chainOf(add(1, 1), add(1), groupOf(add(1), add(2))),
    value: [4, 5],
  },
  {
    name: 'a group of groups',
    node: groupOf(groupOf(add(1, 1), add(2, 2)), add(3, 3)),
    value: [2, 4, 6],
    valueFromCtq: [[2, 4], 6],
  },
  {
    name: 'a group in a chain in a group',
    node: groupOf(chainOf(add(1, 1), groupOf(add(1), add(2))), add(3, 3)),
    value: [[3, 4], 6],
  },
  {
    name: 'a chord in the header of a chord',
    parity: 'CV-115',
    node: chordOf([chordOf([add(1, 1), add(2, 2)], total), add(3, 3)], total),
    value: 12,
  },
  { name: 'a chord as the body of a chord', node: chordOf(sums, chordOf([total, total], total)), value: 40 },
  {
    name: 'a chain as the body of a chord',
    parity: 'CV-105',
    node: chordOf(sums, chainOf(total, add(1), add(2))),
    value: 23,
  },
  {
    name: 'a chain of chords',
    node: chainOf(chordOf([add(1, 1), add(2, 2)], total), chordOf([add(1), add(2)], total), add(100)),
    value: 115,
  },
  {
    name: 'a chain in the header that ends in a chord',
    node: chordOf([chainOf(add(1, 1), chordOf([add(1), add(2)], total)), add(3, 3)], total),
    value: 13,
  },
  {
    name: 'a chain in the header that ends in a group',
    node: chordOf([chainOf(add(1, 1), groupOf(add(1), add(2))), add(3, 3)], echo),
    value: [[3, 4], 6],
    except: keptGroups,
  },
  {
    name: 'a chain in the header that ends in a chord with a chain for a body',
    node: chordOf([chainOf(add(1, 1), chordOf([add(1), add(2)], chainOf(total, add(10)))), add(3, 3)], total),
    value: 23,
  },
  {
    name: 'a chain with a chord whose body is a group',
    node: chainOf(add(1, 1), chordOf([add(1), add(2)], groupOf(total, echo))),
    value: [7, [3, 4]],
  },
  {
    name: 'a chain with a chord whose body is a chord',
    node: chainOf(add(1, 1), chordOf([add(1), add(2)], chordOf([total, total], total)), add(1)),
    value: 15,
  },
  { name: 'map', node: ['map', 'echo', ['a', 'b'], {}], value: ['a', 'b'] },
  { name: 'starmap', node: ['starmap', 'add', pairs, {}], value: [2, 4, 6] },
  { name: 'chunks', node: ['chunks', 'add', pairs, {}, 2], value: [[2, 4], [6]] },
  {
    name: 'chunks followed by a task',
    node: chainOf(['chunks', 'add', pairs, {}, 2], echo),
    value: [[2, 4], [6]],
    except: asTask,
  },
  {
    name: 'immutable steps',
    node: chainOf(add(1, 1), immutable(add(2, 2)), groupOf(immutable(add(3, 3)), add(1)), immutable(add(5, 5))),
    value: 10,
  },
  {
    name: 'arguments of the call',
    parity: 'CV-060',
    node: chainOf(add(1), groupOf(add(10), add(20)), total),
    args: [5],
    value: 42,
  },
  {
    name: 'arguments of the call for a header',
    parity: 'CV-261',
    node: chordOf([add(1), immutable(add(2, 2)), chainOf(add(3), add(4))], total),
    args: [10],
    value: 32,
  },
  {
    name: 'keyword arguments',
    node: chainOf(['task', 'add', [1], {}, { y: 2 }], ['task', 'add', [], {}, { y: 10 }]),
    value: 13,
  },
  {
    name: 'keyword arguments of the call',
    node: chainOf(task('add'), add(1)),
    kwargs: { x: 1, y: 2 },
    value: 4,
  },
  {
    name: 'callbacks of tasks',
    node: chainOf(withOptions(add(1, 1), { link: noted('first') }), withOptions(add(1), { link: noted('last', 'x') })),
    value: 3,
    notes: { first: [given(2)], last: [given(3, 'x')] },
  },
  {
    name: 'callbacks of a chain',
    node: withOptions(chainOf(add(1, 1), add(1)), { link: noted('end') }),
    value: 3,
    notes: { end: [given(3)] },
  },
  {
    name: 'callbacks of a group',
    parity: 'CV-228',
    node: withOptions(groupOf(add(1, 1), add(2, 2)), { link: noted('once') }),
    value: [2, 4],
    notes: { once: [given()] },
  },
  {
    name: 'callbacks of a chord',
    parity: 'CV-101',
    node: withOptions(chordOf(sums, total), { link: chainOf(add(1), noted('end')) }),
    value: 20,
    notes: { end: [given(21)] },
  },
  { name: 'a task replaced by a task', node: chainOf(add(1, 1), task('become', add(5, 5)), add(1)), value: 11 },
  {
    name: 'a task replaced by a chain',
    parity: 'CV-207',
    node: chainOf(task('become', chainOf(add(5, 5), add(1))), add(1)),
    value: 12,
  },
  {
    name: 'a task replaced by a group',
    parity: 'CV-117',
    node: chainOf(task('become', groupOf(add(5, 5), add(1, 1))), total),
    value: 12,
  },
  {
    name: 'a task replaced by a chord',
    node: chainOf(task('become', chordOf([add(5, 5), add(1, 1)], total)), add(1)),
    value: 13,
  },
  {
    name: 'members of a header replaced',
    parity: 'CV-276',
    node: chordOf(
      [
        task('become', add(1, 1)),
        task('become', chainOf(add(1, 1), add(1))),
        task('become', groupOf(add(2, 2), add(3, 3))),
        task('become', chordOf([add(4, 4), add(5, 5)], total)),
      ],
      echo,
    ),
    value: [2, 3, [4, 6], 18],
  },
  {
    name: 'a body replaced',
    parity: 'CV-277',
    node: chordOf([add(1, 1), add(2, 2)], chainOf(task('become', chainOf(add(5, 5), add(1))), add(1))),
    value: 12,
  },
  {
    name: 'members added to a header',
    parity: 'CV-245',
    node: chordOf([task('extend', 1, add(10, 10)), add(1, 1)], total),
    value: 23,
  },
  {
    name: 'stamps of a chain',
    node: chainOf(task('stamped'), withOptions(task('stamped'), { link: noted('linked') })),
    stamps,
    value: [stamps, stamps],
    notes: { linked: [{ args: [[stamps, stamps]], stamps }] },
  },
  { name: 'stamps of a group', node: groupOf(task('stamped'), task('stamped')), stamps, value: [[stamps], [stamps]] },
  {
    name: 'stamps of a chord',
    node: chordOf([task('stamped'), chainOf(task('stamped'), task('stamped'))], task('stamped')),
    stamps,
    value: [[stamps], [stamps, stamps], {}],
    valueFromCtq: [[stamps], [stamps, stamps], stamps],
  },
  {
    name: 'stamps of what replaces a task',
    node: chainOf(
      task('become', withOptions(task('stamped'), { link: noted('linked') })),
      task('become', chainOf(task('stamped'), task('stamped'))),
    ),
    stamps,
    value: [stamps, stamps],
    notes: { linked: [{ args: [[stamps]], stamps: {} }] },
    except: unstamped,
  },
];

/** What the last result of a workflow leads back to. */
export const stepsAndParents: WorkflowShape = {
  name: 'results of the steps before: `parent`',
  node: chainOf(add(1, 1), groupOf(add(1), add(2)), total, add(10)),
  value: [17, 7, [3, 4], 2],
};

/** What the first step of a workflow leads to. */
export const stepsAndTree: WorkflowShape = {
  name: 'results of what follows: `collect()`',
  node: chainOf(withOptions(add(1, 1), { as: 'first' }), add(1), groupOf(add(1), add(2))),
  value: [2, 3, [4, 5], 4, 5],
};
