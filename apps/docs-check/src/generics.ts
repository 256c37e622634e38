import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from './pages.js';

interface Exports {
  readonly [path: string]: { readonly types: string } | string;
}

/** Names of what a package exports with type parameters, by its entry files and what they pass on. */
export function publicGenerics(packageName: string): readonly string[] {
  const folder = join(root, 'packages', packageName);
  const { exports } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { readonly exports: Exports };
  const found = new Set<string>();
  for (const entry of Object.values(exports)) {
    if (typeof entry === 'string') continue;
    collect(join(folder, entry.types.replace(/^\.\/dist\//, 'src/').replace(/\.d\.ts$/, '.ts')), undefined, found);
  }
  return [...found].sort();
}

/** Everything that tests of types say, in all packages. */
export function typeTests(packageName: string): string {
  const source = join(root, 'packages', packageName, 'src');
  return readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.test-d.ts'))
    .map((path) => readFileSync(join(source, path), 'utf8'))
    .join('\n');
}

/** @param wanted the names that are passed on; undefined for all of a file's exports. */
function collect(file: string, wanted: ReadonlySet<string> | undefined, found: Set<string>): void {
  const text = readFileSync(file, 'utf8');
  const declarations = /^export (?:declare )?(?:abstract )?(?:class|interface|type|(?:async )?function) (\w+)</gm;
  for (const [, name = ''] of text.matchAll(declarations)) {
    if (wanted === undefined || wanted.has(name)) found.add(name);
  }
  for (const [, names = '', from = ''] of text.matchAll(/^export (?:type )?\{([^}]*)\} from '(\.[^']+)';/gm)) {
    const passed = names.split(',').map(
      (name) =>
        name
          .trim()
          .replace(/^type /, '')
          .split(' as ')[0] ?? '',
    );
    const asked = new Set(passed.filter((name) => name !== '' && (wanted === undefined || wanted.has(name))));
    if (asked.size > 0) collect(join(dirname(file), from.replace(/\.js$/, '.ts')), asked, found);
  }
}
