import { posix } from 'node:path';
import { findCycles } from './cycles.js';
import { findImports } from './find-imports.js';
import { type Finding, packageOf, type SourceFile } from './source-file.js';

/** Modules inside a package, and packages among themselves, that import one another in a circle. */
export function checkCycles(sources: readonly SourceFile[]): Finding[] {
  return [...circles(modules(sources)), ...circles(packages(sources))];
}

/** For each node its targets, each with the import that leads there. */
type Links = Map<string, Map<string, { path: string; line: number }>>;

function circles(links: Links): Finding[] {
  const graph = new Map([...links].map(([node, targets]) => [node, [...targets.keys()]]));
  return findCycles(graph).map((cycle) => {
    const [first = '', second = first] = cycle;
    const at = links.get(first)?.get(second) ?? { path: first, line: 1 };
    const round = [...cycle, first].join(' → ');
    return { ...at, message: `import cycle ${round}: move what both need into a file of its own` };
  });
}

function modules(sources: readonly SourceFile[]): Links {
  const known = new Set(sources.map(({ path }) => path));
  const links: Links = new Map();
  for (const { path, text } of sources) {
    const targets = new Map<string, { path: string; line: number }>();
    for (const { specifier, line } of findImports(text)) {
      if (!specifier.startsWith('.')) continue;
      const target = posix.join(posix.dirname(path), specifier).replace(/\.([cm]?)js(x?)$/, '.$1ts$2');
      if (known.has(target) && !targets.has(target)) targets.set(target, { path, line });
    }
    links.set(path, targets);
  }
  return links;
}

function packages(sources: readonly SourceFile[]): Links {
  const links: Links = new Map();
  for (const { path, text } of sources) {
    const name = `@ctq/${packageOf(path)}`;
    const targets = links.get(name) ?? new Map<string, { path: string; line: number }>();
    links.set(name, targets);
    for (const { specifier, line } of findImports(text)) {
      const target = /^@ctq\/[^/]+/.exec(specifier)?.[0];
      if (target !== undefined && target !== name && !targets.has(target)) targets.set(target, { path, line });
    }
  }
  return links;
}
