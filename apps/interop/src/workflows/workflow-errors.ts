import { type WorkflowRow, noteKey } from './placement.js';
import { chainOf, chordOf, groupOf, task, type WorkflowCall, type WorkflowNode, withOptions } from './workflow-node.js';

/** How a task ends: with a value, or with the name of an error and its message; `{a}` in it is the id of the task that is called `a`. */
export type Ending =
  | { readonly value: unknown }
  | { readonly state: string; readonly error: string; readonly message: string };

/** A workflow in which something fails, and who is told what, whoever sends it and whoever executes its tasks. */
export interface FailingWorkflow extends WorkflowCall, WorkflowRow {
  /** Rows of the parity checklist that it shows. */
  readonly parity?: string;
  /** By what tasks are called in the option `as`. */
  readonly ends: Readonly<Record<string, Ending>>;
  /** What errbacks are told, in any order, by the names of keys; ids as in messages. */
  readonly notes?: Readonly<Record<string, readonly unknown[]>>;
}

const named = (name: string, node: WorkflowNode) => withOptions(node, { as: name });
const add = (name: string, ...args: readonly number[]) => named(name, task('add', ...args));
const refuse = (name: string) => named(name, task('refuse', 'no such order'));
const total = (name: string) => named(name, task('total'));
/** An errback of the older kind, which is given an id. */
const told = (name: string): WorkflowNode => ['task', 'told', [], {}, { key: noteKey(name) }];
const withErrback = (node: WorkflowNode, errback = told('told')) => withOptions(node, { link_error: errback });

const value = (what: unknown): Ending => ({ value: what });
const refused: Ending = { state: 'FAILURE', error: 'TypeError', message: 'no such order' };
const expired: Ending = { state: 'REVOKED', error: 'TaskRevokedError', message: 'expired' };
const broken = (culprit: string, cause = "TypeError('no such order')"): Ending => ({
  ...{ state: 'FAILURE', error: 'ChordError', message: `Dependency {${culprit}} raised ${cause}` },
});

const leftPending = 'Celery alone: what is behind the body stays PENDING when a Python worker joins the header';
const neverTold = { 'ctq → python': leftPending, 'python → both': leftPending, 'ctq → both': leftPending };

export const failingWorkflows: readonly FailingWorkflow[] = [
  {
    name: 'the first step of a chain fails',
    node: chainOf(refuse('a'), add('b', 1), add('c', 1)),
    ends: { a: refused, b: refused, c: refused },
  },
  {
    name: 'a step in the middle of a chain fails',
    parity: 'CV-069, CV-172',
    node: chainOf(add('a', 1, 1), refuse('b'), add('c', 1)),
    ends: { a: value(2), b: refused, c: refused },
  },
  {
    name: 'the last step of a chain fails',
    node: chainOf(add('a', 1, 1), add('b', 1), refuse('c')),
    ends: { a: value(2), b: value(3), c: refused },
  },
  {
    name: 'a member of a group fails',
    node: groupOf(add('a', 1, 1), refuse('b'), add('c', 2, 2)),
    ends: { a: value(2), b: refused, c: value(4) },
  },
  {
    name: 'a member of a group in a chain fails',
    node: chainOf(add('a', 1, 1), groupOf(refuse('b'), add('c', 2))),
    ends: { a: value(2), b: refused, c: value(4) },
  },
  {
    name: 'a member of a header fails',
    parity: 'CV-109, CV-270',
    node: chordOf([add('a', 1, 1), refuse('b'), add('c', 2, 2)], total('body')),
    ends: { a: value(2), b: refused, c: value(4), body: broken('b') },
  },
  {
    name: 'all members of a header fail',
    node: chordOf([refuse('a'), refuse('b')], total('body')),
    ends: { a: refused, b: refused, body: broken('a') },
  },
  {
    name: 'a body fails',
    node: chordOf([add('a', 1, 1), add('b', 2, 2)], refuse('body')),
    ends: { a: value(2), b: value(4), body: refused },
  },
  {
    name: 'a step of a chain in a header fails',
    node: chordOf([chainOf(add('a', 1, 1), refuse('b'), add('c', 1)), add('d', 2, 2)], total('body')),
    ends: { a: value(2), b: refused, c: refused, d: value(4), body: broken('c') },
  },
  {
    name: 'the last step of a chain in a header fails',
    node: chordOf([chainOf(add('a', 1, 1), refuse('b')), add('c', 2, 2)], total('body')),
    ends: { a: value(2), b: refused, c: value(4), body: broken('b') },
  },
  {
    name: 'a step after a chord fails',
    node: chainOf(chordOf([add('a', 1, 1), add('b', 2, 2)], total('body')), refuse('after')),
    ends: { body: value(6), after: refused },
  },
  {
    name: 'a step before a chord fails',
    node: chainOf(refuse('a'), chordOf([add('b', 1), add('c', 2)], total('body'))),
    ends: { a: refused, body: refused },
    except: { 'python → both': 'Celery alone: a Python worker leaves the body PENDING' },
  },
  {
    name: 'a header before other steps fails',
    node: chainOf(chordOf([add('a', 1, 1), refuse('b')], total('body')), add('after', 1)),
    ends: { after: broken('b') },
    except: neverTold,
  },
  {
    name: 'a chord in a header fails',
    node: chordOf([chordOf([refuse('a'), add('b', 1, 1)], total('inner')), add('c', 2, 2)], total('outer')),
    ends: {
      inner: broken('a'),
      outer: broken('inner', `ChordError("Dependency {a} raised TypeError('no such order')")`),
    },
    except: neverTold,
  },
  {
    name: 'what replaces a task fails',
    node: chainOf(named('a', task('become', chainOf(task('add', 1, 1), task('refuse', 'no such order')))), add('b', 1)),
    ends: { a: refused, b: refused },
  },
  {
    name: 'what replaces a member of a header fails',
    node: chordOf([named('a', task('become', task('refuse', 'no such order'))), add('b', 1, 1)], total('body')),
    ends: { a: refused, b: value(2), body: broken('a') },
  },
  {
    name: 'a member added to a header fails',
    node: chordOf([named('a', task('extend', 1, refuse('added'))), add('b', 1, 1)], total('body')),
    ends: { a: value(1), added: refused, b: value(2), body: broken('added') },
  },
  {
    name: 'a member of a header has expired',
    node: chordOf([withOptions(add('a', 1, 1), { expires_at: -60 }), add('b', 2, 2)], total('body')),
    // RabbitMQ drops a message of which the time is over, unless a worker is free at this moment.
    over: ['Redis'],
    ends: { a: expired, b: value(4), body: broken('a', "TaskRevokedError('expired')") },
  },
  {
    name: 'an errback of a task',
    node: withErrback(refuse('a')),
    ends: { a: refused },
    notes: { told: [{ failed: '{a}' }] },
  },
  {
    name: 'an errback of a step',
    parity: 'CV-201',
    node: chainOf(add('a', 1, 1), withErrback(refuse('b')), withErrback(add('c', 1), told('never'))),
    ends: { b: refused, c: refused },
    notes: { told: [{ failed: '{b}' }], never: [] },
  },
  {
    name: 'an errback of a chain',
    node: withErrback(chainOf(add('a', 1, 1), refuse('b'), add('c', 1))),
    ends: { b: refused, c: refused },
    notes: { told: [{ failed: '{b}' }] },
  },
  {
    name: 'an errback of a group',
    parity: 'CV-232',
    node: withErrback(groupOf(refuse('a'), add('b', 1, 1), refuse('c'))),
    ends: { a: refused, b: value(2), c: refused },
    notes: { told: [{ failed: '{a}' }, { failed: '{c}' }] },
  },
  {
    name: 'an errback of a chord whose header fails',
    parity: 'CV-256',
    node: withErrback(chordOf([add('a', 1, 1), refuse('b')], total('body'))),
    ends: { b: refused, body: broken('b') },
    notes: { told: [{ failed: '{body}' }] },
  },
  {
    name: 'an errback of a chord whose body fails',
    node: withErrback(chordOf([add('a', 1, 1), add('b', 2, 2)], refuse('body'))),
    ends: { body: refused },
    notes: { told: [{ failed: '{body}' }] },
  },
  {
    name: 'an errback of a member of a header',
    node: chordOf([add('a', 1, 1), withErrback(refuse('b'))], total('body')),
    ends: { b: refused, body: broken('b') },
    notes: { told: [{ failed: '{b}' }] },
  },
  {
    name: 'an errback that fails',
    node: chainOf(withErrback(refuse('a'), withErrback(named('errback', task('stumble')))), add('b', 1)),
    ends: { a: refused, b: refused, errback: { state: 'FAILURE', error: 'TypeError', message: 'no errback' } },
    notes: { told: [{ failed: '{errback}' }] },
  },
  {
    name: 'an errback that takes the exception',
    node: chordOf(
      [
        withOptions(withErrback(refuse('a'), ['task', 'told_all', [], { in: 'python' }, { key: noteKey('told') }]), {
          in: 'python',
        }),
        add('b', 1, 1),
      ],
      total('body'),
    ),
    ends: { a: refused, body: broken('a') },
    notes: { told: [{ failed: '{a}', error: "TypeError('no such order')" }] },
    except: { 'python → ctq': 'called by Python workers for what failed in them' },
  },
];
