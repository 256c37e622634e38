import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evaluate } from './evaluate.js';
import type { Shape } from './shape.js';
import { shapes } from './shapes.js';

const step = (label: string): Shape => ({ kind: 'step', label });
const fail = (label: string): Shape => ({ kind: 'fail', label });

/** What a workflow comes to, and how many tasks run under each label. */
function evaluated(shape: Shape) {
  const { outcome, runs } = evaluate(shape, ['start']);
  const tasks = Object.fromEntries([...runs].map(([label, run]) => [label, run.tasks]));
  return outcome.kind === 'value' ? { value: outcome.value, tasks } : { failed: [...outcome.origins], tasks };
}

describe("what Celery's rules give", () => {
  it('a chain hands on, a group is a list, and a group that is followed is a chord', () => {
    expect(
      evaluated({ kind: 'chain', links: [step('a'), { kind: 'group', members: [step('b'), step('c')] }] }).value,
    ).toEqual([String.raw`b(["a([\"start\"])"])`, String.raw`c(["a([\"start\"])"])`]);
    const { value } = evaluated({ kind: 'chain', links: [{ kind: 'group', members: [step('a')] }, step('b')] });
    expect(value).toBe(String.raw`b([["a([\"start\"])"]])`);
  });

  it('groups in a header are part of it, and what ends in a group has one place', () => {
    const immutable = (label: string): Shape => ({ ...step(label), kind: 'step', label, isImmutable: true });
    const header: Shape[] = [
      { kind: 'group', members: [immutable('a'), immutable('b')] },
      { kind: 'chain', links: [{ kind: 'group', members: [immutable('c')] }] },
    ];
    expect(evaluated({ kind: 'chord', header, body: step('d') }).value).toBe('d([["a([])","b([])",["c([])"]]])');
  });

  it('the body of a header that fails does not run; its errback does, once, and what follows does not', () => {
    const body: Shape = { kind: 'step', label: 'body', errback: 'e' };
    const chord: Shape = { kind: 'chord', header: [fail('f'), fail('g')], body, errback: 'of the chord' };
    expect(evaluated({ kind: 'chain', links: [chord, step('next')], errback: 'of the chain' })).toEqual({
      failed: ['f', 'g'],
      tasks: { f: 1, g: 1, e: 1, 'of the chord': 1, 'of the chain': 1 },
    });
  });

  it('the errback of a group is called by each member that fails, its callback by the first member', () => {
    const members = [step('a'), fail('f'), fail('g')];
    expect(evaluated({ kind: 'group', members, errback: 'e', callback: 'c' }).tasks).toEqual({
      ...{ a: 1, f: 1, g: 1 },
      ...{ e: 2, c: 1 },
    });
  });

  it('what is put in the place of a task has what was linked to the task', () => {
    const replaced: Shape = { kind: 'replaced', label: 'r', by: step('a'), callback: 'c' };
    const { value, tasks } = evaluated({ kind: 'chain', links: [replaced, step('b')] });
    expect(tasks).toEqual({ r: 1, a: 1, c: 1, b: 1 });
    expect(value).toMatch(/^b/);
  });

  it('what a task adds to its chord stands beside it, and nowhere else is anything added', () => {
    const adds: Shape = { kind: 'adds', label: 'a1', added: ['a1.1'] };
    expect(evaluated({ kind: 'chord', header: [adds], body: step('b') }).tasks).toEqual({ a1: 1, 'a1.1': 1, b: 1 });
    expect(evaluated({ kind: 'group', members: [adds] }).tasks).toEqual({ a1: 1 });
  });
});

describe('shapes', () => {
  it('reach every kind of workflow, and links on each', () => {
    const text = JSON.stringify(fc.sample(shapes({ maxDepth: 4 }), { seed: 1, numRuns: 200 }));
    for (const kind of ['step', 'fail', 'adds', 'replaced', 'map', 'starmap', 'chunks', 'chain', 'group', 'chord'])
      expect(text).toContain(`"kind":"${kind}"`);
    for (const part of ['"callback":"c', '"errback":"e', '"isImmutable":true', '"own":"own"', '"retries":2'])
      expect(text).toContain(part);
  });
});
