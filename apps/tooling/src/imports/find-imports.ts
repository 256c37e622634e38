import { maskSource } from './mask-source.js';

/** One module named by an `import` or `export … from`. Type imports count like any other: they tie modules together too. */
export interface Import {
  readonly specifier: string;
  readonly line: number;
  /** `import('…')`: evaluated when the call is reached, not when the module is loaded. */
  readonly dynamic: boolean;
}

const STATIC = /\b(?:import|export)\b[^'";]*?\bfrom\s*(?<quote>['"])(?<specifier>[^'"\n]+)\k<quote>/dg;
const SIDE_EFFECT = /\bimport\s*(?<quote>['"])(?<specifier>[^'"\n]+)\k<quote>/dg;
const DYNAMIC = /\bimport\s*\(\s*(?<quote>['"])(?<specifier>[^'"\n]+)\k<quote>/dg;

/** Every module a source file names, in the order of the file. A dynamic import of a computed name is not seen. */
export function findImports(source: string): Import[] {
  const code = maskSource(source, { strings: 'keep' });
  const bare = maskSource(source, { strings: 'blank' });
  const found: (Import & { offset: number })[] = [];
  for (const pattern of [STATIC, SIDE_EFFECT, DYNAMIC]) {
    for (const match of code.matchAll(pattern)) {
      if (bare[match.index] !== code[match.index]) continue; // the keyword is part of a string
      const specifier = match.groups?.['specifier'] ?? '';
      const offset = match.indices?.groups?.['specifier']?.[0] ?? match.index;
      found.push({ specifier, line: lineAt(code, offset), dynamic: pattern === DYNAMIC, offset });
    }
  }
  return found.sort((a, b) => a.offset - b.offset).map(({ offset: _offset, ...rest }) => rest);
}

/** The one-based line of an offset. */
export function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}
