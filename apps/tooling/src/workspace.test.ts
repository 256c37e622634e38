import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../..', import.meta.url));

const readJson = (path: string): unknown => JSON.parse(readFileSync(join(root, path), 'utf8'));

const folders = (top: string): string[] =>
  existsSync(join(root, top))
    ? readdirSync(join(root, top)).filter((name) => existsSync(join(root, top, name, 'package.json')))
    : [];

const projects = ['packages', 'apps', 'examples'].flatMap((top) =>
  folders(top)
    .map((name) => `${top}/${name}`)
    .filter((path) => existsSync(join(root, path, 'tsconfig.json'))),
);

describe('the workspace', () => {
  it('builds every project', () => {
    const { references } = readJson('apps/tooling/tsconfig.solution.json') as { references: { path: string }[] };
    const built = references.map(({ path }) => join('apps/tooling', path));
    expect(built.sort()).toEqual(projects.sort());
  });

  it('releases all packages together', () => {
    const { fixed } = readJson('.changeset/config.json') as { fixed: string[][] };
    const names = folders('packages').map((name) => `@ctq/${name}`);
    expect(fixed[0]?.toSorted()).toEqual(names.sort());
  });

  it('names no registry host in its lockfile', () => {
    expect(readFileSync(join(root, 'pnpm-lock.yaml'), 'utf8')).not.toMatch(/https?:/);
  });

  it('pins the pnpm that its documentation names', () => {
    const { packageManager } = readJson('package.json') as { packageManager: string };
    const named = readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8').match(/pnpm@[\d.]+/g);
    expect(new Set(named)).toEqual(new Set([packageManager]));
  });
});

describe.each(folders('packages'))('packages/%s', (name) => {
  const manifest = readJson(`packages/${name}/package.json`) as {
    exports: Record<string, { types?: string; default?: string }>;
    dependencies?: Record<string, string>;
    peerDependencies?: Record<string, string>;
    devDependencies?: Record<string, string>;
  };

  it('is ready to be published', () => {
    expect(manifest).toMatchObject({
      name: `@ctq/${name}`,
      license: 'MIT',
      type: 'module',
      engines: { node: '>=20.19' },
      sideEffects: false,
      publishConfig: { access: 'public' },
      repository: { directory: `packages/${name}` },
    });
    expect(existsSync(join(root, 'packages', name, 'README.md'))).toBe(true);
  });

  it('gives each subpath types and a default condition, so that createRequire().resolve finds it', () => {
    for (const target of Object.values(manifest.exports)) {
      expect(Object.keys(target)).toEqual(['types', 'default']);
    }
  });

  // `workspace:^` would be ^0.x.0, which the next minor leaves; changesets answers that with a major release of everything.
  // Whether an adapter fits its contract is decided by the contract's own `spec` number.
  it('asks for its peers in a range that lasts until 1.0', () => {
    const peers = Object.entries(manifest.peerDependencies ?? {}).filter(([peer]) => peer.startsWith('@ctq/'));
    for (const [, range] of peers) expect(range).toBe('workspace:>=0.1.0 <1.0.0');
  });

  it('compiles after every package of ours that it uses', () => {
    const { references = [] } = readJson(`packages/${name}/tsconfig.json`) as { references?: { path: string }[] };
    const { dependencies, peerDependencies, devDependencies } = manifest;
    const ours = Object.keys({ ...dependencies, ...peerDependencies, ...devDependencies })
      .filter((dependency) => dependency.startsWith('@ctq/'))
      .map((dependency) => dependency.slice('@ctq/'.length));
    expect(references.map(({ path }) => path.replace(/^.*\//, '')).sort()).toEqual(ours.sort());
  });
});
