import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findCycles } from './cycles.js';
import { checkCycles } from './import-cycles.js';

describe('cycles', () => {
  it('are absent from a diamond', () => {
    const graph = new Map([
      ['a', ['b', 'c']],
      ['b', ['d']],
      ['c', ['d']],
      ['d', []],
    ]);
    expect(findCycles(graph)).toEqual([]);
  });

  it('are reported once for each knot, by their shortest round', () => {
    const graph = new Map([
      ['a', ['b']],
      ['b', ['c', 'a']],
      ['c', ['a']],
      ['x', ['x']],
      ['y', ['a']],
    ]);
    expect(findCycles(graph)).toEqual([['a', 'b'], ['x']]);
  });

  it('are never found where all edges lead upwards, and always found once one leads back', () => {
    const edge = fc.tuple(fc.nat(19), fc.nat(19)).filter(([from, to]) => from < to);
    fc.assert(
      fc.property(fc.array(edge, { minLength: 1 }), (edges) => {
        const graph = new Map<string, string[]>(Array.from({ length: 20 }, (_, node) => [String(node), []]));
        for (const [from, to] of edges) graph.get(String(from))?.push(String(to));
        expect(findCycles(graph)).toEqual([]);
        const [from, to] = edges[0] ?? [0, 0];
        graph.get(String(to))?.push(String(from));
        expect(findCycles(graph)).toHaveLength(1);
      }),
    );
  });

  it('survive a chain deeper than the call stack', () => {
    const length = 50_000;
    const graph = new Map(Array.from({ length }, (_, node) => [String(node), [String(node + 1)]]));
    expect(findCycles(graph)).toEqual([]);
  });
});

describe('import cycles', () => {
  it('are found between modules, through type imports and re-exports too, at the line that closes them', () => {
    const findings = checkCycles([
      { path: 'packages/core/src/a.ts', text: "\nimport type { B } from './deep/b.js';" },
      { path: 'packages/core/src/deep/b.ts', text: "export { A } from '../a.js';" },
    ]);
    expect(findings).toEqual([
      {
        path: 'packages/core/src/a.ts',
        line: 2,
        message:
          'import cycle packages/core/src/a.ts → packages/core/src/deep/b.ts → packages/core/src/a.ts: ' +
          'move what both need into a file of its own',
      },
    ]);
  });

  it('are found between packages', () => {
    const findings = checkCycles([
      { path: 'packages/core/src/index.ts', text: "import '@ctq/messaging/store';" },
      { path: 'packages/messaging/src/index.ts', text: "import '@ctq/core';" },
    ]);
    expect(findings.map(({ message }) => message)).toEqual([
      expect.stringContaining('@ctq/core → @ctq/messaging → @ctq/core'),
    ]);
  });
});
