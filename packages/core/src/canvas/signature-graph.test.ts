import { describe, expect, test } from 'vitest';
import { CanvasScene } from '../__fixtures__/canvas-scene.js';
import { chain } from './chain.js';
import { chord } from './chord.js';
import { group } from './group.js';
import type { AnySignature } from './signature.js';

const { add, total, same, note, app } = new CanvasScene();

/** Each edge as the names of its tasks; a dash for where many meet many. */
function edgesOf(signature: AnySignature): string[] {
  const { nodes, edges } = signature.graph();
  const name = (key: string): string => {
    const node = nodes.find((one) => one.key === key);
    return node?.kind === 'task' ? `${node.task}${key.slice(1)}` : '-';
  };
  return edges.map(({ from, to, on }) => `${name(from)} ${on === 'failure' ? 'x' : '>'} ${name(to)}`);
}

describe('The graph of a signature', () => {
  test.each<[string, AnySignature, string[]]>([
    ['a task', add.s(1, 1), []],
    ['the steps of a chain', chain(add.s(1, 1), add.s(2), same.s()), ['add0 > add1', 'add1 > same2']],
    ['what a group comes after', chain(add.s(1, 1), group([add.s(1), same.s()])), ['add0 > add1', 'add0 > same2']],
    [
      'the body of a chord, which its whole header leads to',
      chord([add.s(1, 1), add.s(2, 2).pipe(add.s(1))], total.s()),
      ['add1 > add2', 'add0 > total3', 'add2 > total3'],
    ],
    [
      'a group that a group follows, by way of a point',
      chain(group([add.s(1, 1), add.s(2, 2)]), group([total.s(), total.s()])),
      ['add0 > -', 'add1 > -', '- > total2', '- > total3'],
    ],
    [
      'groups in the header, and a chord that goes on',
      chain(chord([group([add.s(1, 1), add.s(2, 2)]), add.s(3, 3)], same.s()), note.s()),
      ['add0 > same3', 'add1 > same3', 'add2 > same3', 'same3 > note4'],
    ],
    [
      'callbacks and errbacks',
      chain(add.s(1, 1).link(note.s()), add.s(2)).linkError(note.si('failed')),
      ['add0 > note1', 'add0 > add2', 'add0 x note3', 'add2 x note3'],
    ],
    [
      'what follows a group once, and what follows each that fails',
      group([add.s(1, 1), add.s(2, 2)])
        .link(note.si('begun'))
        .linkError(note.s()),
      ['add0 > note2', 'add0 x note3', 'add1 x note3'],
    ],
  ])('has %s', (_what, signature, edges) => {
    expect(edgesOf(signature)).toEqual(edges);
  });

  test('has a node for each message of chunks, named by the task that it runs', () => {
    const signature = chain(
      add.chunks(
        [
          [1, 1],
          [2, 2],
          [3, 3],
        ],
        2,
      ),
      note.s(),
    ); // prettier-ignore
    expect(edgesOf(signature)).toEqual(['add0 > note2', 'add1 > note2']);
    expect(signature.graph().toMermaid()).toBe(
      'flowchart TD\n  n0["add × 2"]\n  n1["add × 1"]\n  n2["note"]\n  n0 --> n2\n  n1 --> n2\n',
    );
  });

  test('leaves out empty groups of other senders', () => {
    const empty = group([add.s(1, 1)]).serialize();
    const whole = chain(add.s(1, 1), add.s(2)).serialize();
    const [first, last] = whole.kwargs['tasks'] as unknown[];
    const tasks = [first, { ...empty, kwargs: { tasks: [] } }, last];
    expect(edgesOf(app.signature({ ...whole, kwargs: { tasks } }))).toEqual(['add0 > add1']);
  });

  test('is drawn by Graphviz', () => {
    const signature = chain(group([add.s(1, 1), app.signature('say "hi"\\')]), group([note.s(), note.s()]));
    expect(signature.linkError(note.s()).graph().toDot().split('\n')).toEqual([
      'digraph workflow {',
      '  node [shape=oval]',
      '  "n0" [label="add"]',
      '  "n1" [label="say \\"hi\\"\\\\"]',
      '  "n2" [label="note"]',
      '  "n3" [label="note"]',
      '  "n4" [shape=point]',
      '  "n5" [label="note"]',
      ...['n0', 'n1'].map((key) => `  "${key}" -> "n4"`),
      ...['n2', 'n3'].map((key) => `  "n4" -> "${key}"`),
      ...['n0', 'n1', 'n2', 'n3'].map((key) => `  "${key}" -> "n5" [style=dashed]`),
      '}',
      '',
    ]);
  });

  test('is drawn by Mermaid, whatever names hold', () => {
    const odd = app.signature('end; "a" <b>`c`\n#35; style:x#y; größe');
    expect(odd.linkError(note.s()).graph().toMermaid().split('\n')).toEqual([
      'flowchart TD',
      '  n0["end#59; #quot;a#quot; #60;b#62;#96;c#96;#10;#35;35#59; style#58;x#35;y#59; größe"]',
      '  n1["note"]',
      '  n0 -.-> n1',
      '',
    ]);
    const many = chain(group([add.s(1, 1), add.s(2, 2)]), group([total.s(), total.s()]));
    expect(many.graph().toMermaid()).toContain('  n4((" "))\n  n0 --> n4\n  n1 --> n4\n  n4 --> n2\n');
  });

  test('of 5,000 steps and of 10,000 members has as many edges', () => {
    const long = chain(Array.from({ length: 5_000 }, () => same.s())).graph();
    expect([long.nodes.length, long.edges.length]).toEqual([5_000, 4_999]);
    const members = Array.from({ length: 10_000 }, () => same.s());
    const wide = chain(group(members), group(members)).graph();
    expect([wide.nodes.length, wide.edges.length]).toEqual([20_001, 20_000]);
    expect(wide.toDot().length).toBeGreaterThan(wide.toMermaid().length);
  });
});
