import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Folder of the repository. */
export const root: string = fileURLToPath(new URL('../../..', import.meta.url));

export interface Page {
  /** Relative to the repository. */
  readonly path: string;
  readonly text: string;
}

/** The pages that people write: those at the top, in docs/, and the READMEs of packages and examples. */
export function readPages(): readonly Page[] {
  const top = readdirSync(root).filter((name) => name.endsWith('.md'));
  const docs = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name));
  const readmes = ['packages', 'examples'].flatMap((folder) =>
    readdirSync(join(root, folder))
      .map((name) => join(folder, name, 'README.md'))
      .filter((path) => existsSync(join(root, path))),
  );
  return [...top, ...docs, ...readmes].sort().map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
}

/** Paths of the repository's own TypeScript and script files. */
export function sourcePaths(): readonly string[] {
  return ['packages', 'apps', 'examples'].flatMap((folder) =>
    readdirSync(join(root, folder)).flatMap((name) =>
      ['src', 'scripts'].flatMap((part) => {
        const start = join(root, folder, name, part);
        if (!existsSync(start)) return [];
        return readdirSync(start, { recursive: true, encoding: 'utf8' })
          .filter((path) => /\.(?:ts|mjs)$/.test(path))
          .map((path) => join(folder, name, part, path));
      }),
    ),
  );
}
