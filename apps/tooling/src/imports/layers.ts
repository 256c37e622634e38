/**
 * Who may import whom: each package only what stands to its left.
 *
 *     runtime ← messaging ← core ← { worker, beat } ← { testing, cli }
 *                  ▲ transport-*  ▲ backend-*
 *
 * Apps, examples and tests may import anything and are not listed.
 */
const LAYERS: Readonly<Record<string, readonly string[]>> = {
  runtime: [],
  sqlite: ['runtime'],
  redis: ['runtime'],
  messaging: ['runtime'],
  'transport-*': ['messaging', 'redis', 'runtime', 'sqlite'],
  core: ['messaging', 'runtime'],
  'backend-*': ['core', 'messaging', 'redis', 'runtime', 'sqlite'],
  worker: ['core', 'messaging', 'runtime'],
  beat: ['core', 'messaging', 'runtime'],
  testing: ['core', 'messaging', 'runtime', 'worker'],
  cli: ['beat', 'core', 'messaging', 'runtime', 'testing', 'worker'],
};

/** Packages that talk to one broker or store; the CLI loads them by name at run time and nobody imports them statically. */
function isAdapter(name: string): boolean {
  return name.startsWith('transport-') || name.startsWith('backend-');
}

/** Why `importer` must not name `imported`, as advice, or undefined where it may. Names are folders below packages/. */
export function forbidden(importer: string, imported: string, { dynamic }: { dynamic: boolean }): string | undefined {
  const allowed = LAYERS[importer] ?? LAYERS[importer.replace(/-.*/, '-*')];
  if (allowed === undefined) {
    return `"${importer}" has no place in the layers yet: give it one in apps/tooling/src/imports/layers.ts`;
  }
  if (importer === imported) return 'a package names its own files by relative path';
  if (isAdapter(imported)) {
    if (importer === 'cli') return dynamic ? undefined : `load @ctq/${imported} with a dynamic import()`;
    return `adapters are imported by nobody: take it as an argument, or let @ctq/cli resolve it from the URL`;
  }
  if (allowed.includes(imported)) return undefined;
  const list = allowed.length === 0 ? 'nothing of ours' : allowed.join(', ');
  return `@ctq/${importer} may import ${list}: declare the interface here and let a higher package implement it`;
}
