import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A TypeScript file of a package, its path relative to the repository with `/` on every system. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** What a check found: where, and what to do about it. */
export interface Finding {
  readonly path: string;
  readonly line: number;
  readonly message: string;
}

/** The folder below packages/ that a path lies in. */
export function packageOf(path: string): string {
  return path.split('/')[1] ?? '';
}

/** Tests may import, print and read what they like; the checks are about what is published. */
function isTest(path: string): boolean {
  return /\.test(-d)?\.ts$|\/__fixtures__\//.test(path);
}

/** Every published source file below packages/. */
export function readSources(root: string): SourceFile[] {
  const sources: SourceFile[] = [];
  for (const name of readdirSync(join(root, 'packages')).sort()) {
    for (const path of walk(root, `packages/${name}/src`)) {
      if (!isTest(path)) sources.push({ path, text: readFileSync(join(root, path), 'utf8') });
    }
  }
  return sources;
}

function* walk(root: string, folder: string): Generator<string> {
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true }).sort((a, b) =>
    a.name < b.name ? -1 : 1,
  )) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) yield* walk(root, path);
    else if (/\.[cm]?tsx?$/.test(entry.name)) yield path;
  }
}
