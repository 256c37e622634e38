import { describe, expect, it } from 'vitest';
import { findImports } from './find-imports.js';

const specifiers = (source: string): string[] => findImports(source).map(({ specifier }) => specifier);

describe('finding imports', () => {
  it('sees value, type, side-effect, re-exporting and dynamic imports with their lines', () => {
    const source = [
      "import { a } from './a.js';",
      "import type { B } from './b.js';",
      "import './c.js';",
      "export { d } from './d.js';",
      "export * from './e.js';",
      'const f = await import("./f.js");',
      "type G = typeof import('./g.js');",
    ].join('\n');
    expect(findImports(source)).toEqual([
      { specifier: './a.js', line: 1, dynamic: false },
      { specifier: './b.js', line: 2, dynamic: false },
      { specifier: './c.js', line: 3, dynamic: false },
      { specifier: './d.js', line: 4, dynamic: false },
      { specifier: './e.js', line: 5, dynamic: false },
      { specifier: './f.js', line: 6, dynamic: true },
      { specifier: './g.js', line: 7, dynamic: true },
    ]);
  });

  it('reports the line of the specifier when a statement spans several', () => {
    expect(findImports("import {\n  a,\n  b,\n} from './a.js';")).toEqual([
      { specifier: './a.js', line: 4, dynamic: false },
    ]);
  });

  it('is not led astray by declarations, comments, strings, templates and regular expressions', () => {
    const source = [
      "// import { x } from './comment.js'",
      "/* import './block.js'; */",
      'export const from = Array.from("x");',
      'const text = "import \'./string.js\'";',
      "const template = `import './template.js' ${`${text}`} import './after.js'`;",
      'const pattern = /[\'"/]/; const quotient = 4 / 2 / 1;',
      'export function f() {}',
      "export { real } from './real.js';",
    ].join('\n');
    expect(specifiers(source)).toEqual(['./real.js']);
  });
});
