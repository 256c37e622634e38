import { execFile } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { root } from './pages.js';

const compilerOptions = {
  noEmit: true,
  composite: false,
  declaration: false,
  declarationMap: false,
  isolatedDeclarations: false,
  rootDir: '.',
  tsBuildInfoFile: null,
};

/**
 * Compiles programs in a folder of their own below apps/docs-check/dist, from where they find ctq's packages. Resolves with what the compiler prints.
 * @param write puts the programs there.
 * @param options over those of the repository.
 */
export async function compilePrograms(
  name: string,
  write: (folder: string) => Promise<void>,
  options: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const folder = join(root, 'apps/docs-check/dist', name);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await write(folder);
  const config = {
    extends: '../../../tooling/tsconfig.base.json',
    compilerOptions: { ...compilerOptions, ...options },
    include: ['**/*.ts'],
    exclude: [],
  };
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config));
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  const tsc = join(root, 'node_modules/.bin/tsc');
  try {
    await promisify(execFile)(tsc, ['-p', '.', '--pretty', 'false'], { cwd: folder });
    return '';
  } catch (error) {
    return (error as { readonly stdout?: string }).stdout || String(error);
  }
}
