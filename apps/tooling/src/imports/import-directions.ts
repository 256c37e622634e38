import { posix } from 'node:path';
import { findImports } from './find-imports.js';
import { forbidden } from './layers.js';
import { type Finding, packageOf, type SourceFile } from './source-file.js';

/** Imports that run against the arrows of `layers.ts`, or reach into another package's files. */
export function checkDirections(sources: readonly SourceFile[]): Finding[] {
  const findings: Finding[] = [];
  for (const { path, text } of sources) {
    const importer = packageOf(path);
    for (const { specifier, line, dynamic } of findImports(text)) {
      const reason = specifier.startsWith('.') ? escape(path, specifier) : crossing(importer, specifier, dynamic);
      if (reason !== undefined) findings.push({ path, line, message: `must not import '${specifier}': ${reason}` });
    }
  }
  return findings;
}

function crossing(importer: string, specifier: string, dynamic: boolean): string | undefined {
  const imported = /^@ctq\/([^/]+)/.exec(specifier)?.[1];
  return imported === undefined ? undefined : forbidden(importer, imported, { dynamic });
}

function escape(path: string, specifier: string): string | undefined {
  const source = `packages/${packageOf(path)}/src/`;
  const inside = posix.join(posix.dirname(path), specifier).startsWith(source);
  return inside ? undefined : 'only what a package exports may be used: import it by its @ctq name';
}
