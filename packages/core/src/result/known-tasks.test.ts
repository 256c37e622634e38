import { describe, expect, test } from 'vitest';
import { Ctq } from '../app/ctq.js';
import { asyncResult } from './async-result.js';
import { groupResult } from './group-result.js';
import { KnownTasks } from './known-tasks.js';
import type { AnyResult } from './result-handle.js';
import type { ResultTuple } from './result-record.js';

const app = new Ctq('shop', { taskAlwaysEager: true });
const task = (id: string, parent: ResultTuple | null = null): ResultTuple => [[id, parent], null];
const group = (id: string, members: readonly ResultTuple[], parent: ResultTuple | null = null): ResultTuple => [
  [id, parent],
  members,
];

/** Knows of a workflow by its last result. */
function setup(tuple: ResultTuple) {
  const known = new KnownTasks();
  const add = (one: ResultTuple): string[] => known.add([app.resultFromTuple(one)]).map(({ id }) => id);
  return { known, found: add(tuple), add };
}

describe('The known tasks of a workflow', () => {
  test('are those of a result, before it and in its groups, each once', () => {
    const header = group('header', [task('b', task('b1')), group('inner', [task('c'), task('d')])], task('a'));
    const { found, add, known } = setup(task('end', task('body', header)));
    expect([...found].sort()).toEqual(['a', 'b', 'b1', 'body', 'c', 'd', 'end']);
    expect(add(task('next', task('b')))).toEqual(['next']);
    const again: AnyResult = app.resultFromTuple(task('again'));
    expect([known.add([again]).length, known.add([again]).length]).toEqual([1, 0]);
  });

  test('that will not begin are those after one that was not successful', () => {
    const { known } = setup(task('c', task('b', task('a'))));
    expect(known.after('b')).toEqual(['c']);
    expect(known.after('b')).toEqual([]);
    expect(known.after('a')).toEqual(['b']);
  });

  test('that will not begin after a member of a group are those after the group; its other members go on', () => {
    const header = group('header', [group('inner', [task('a'), task('b')]), task('c')]);
    expect(setup(task('end', task('body', header))).known.after('a')).toEqual(['body', 'end']);
  });

  test('that will not begin are all of a group, with the steps that lead to its members', () => {
    const all = group('all', [task('c', task('b')), task('d')], task('a'));
    expect([...setup(task('body', all)).known.after('a')].sort()).toEqual(['b', 'body', 'c', 'd']);
  });

  test('that will not begin are not those after a header that may fail', () => {
    const { results } = app.kernel;
    const [failed, other] = ['a', 'b'].map((id) => app.asyncResult(id)) as [AnyResult, AnyResult];
    const header = groupResult(results, 'header', [failed, other], { mayFail: true });
    const known = new KnownTasks();
    known.add([asyncResult(results, 'body', { parent: header })]);
    expect(known.after('a')).toEqual([]);
  });

  test('that will not begin are those behind a group of nothing', () => {
    expect(setup(task('body', group('empty', [], task('a')))).known.after('a')).toEqual(['body']);
  });
});
