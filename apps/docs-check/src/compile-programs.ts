import { execFile } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
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
  return (await compile(name, write, options, [])).printed;
}

/** What the compiler counts when it checks a program: the same each time and on every machine. */
export interface CompilerWork {
  /** Types that it has made. */
  readonly types: number;
  /** How often it has put types into the parameters of a type. */
  readonly instantiations: number;
}

/**
 * What it takes to check a program.
 * @throws Error with what the compiler says where it does not compile.
 */
export async function compilerWork(name: string, program: string): Promise<CompilerWork> {
  const write = (folder: string): Promise<void> => writeFile(join(folder, 'program.ts'), program);
  // Several checkers would each make the types of what they share.
  const { printed, isRight } = await compile(name, write, {}, ['--singleThreaded', '--extendedDiagnostics']);
  if (!isRight) throw new Error(printed);
  const count = (what: string): number => Number(new RegExp(`^${what}:\\s+(\\d+)$`, 'm').exec(printed)?.[1]);
  return { types: count('Types'), instantiations: count('Instantiations') };
}

async function compile(
  name: string,
  write: (folder: string) => Promise<void>,
  options: Readonly<Record<string, unknown>>,
  flags: readonly string[],
): Promise<{ readonly printed: string; readonly isRight: boolean }> {
  const folder = join(root, 'apps/docs-check/dist', name);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await write(folder);
  const config = {
    extends: relative(folder, join(root, 'apps/tooling/tsconfig.base.json')),
    compilerOptions: { ...compilerOptions, ...options },
    include: ['**/*.ts'],
    exclude: [],
  };
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config));
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  const tsc = join(root, 'node_modules/.bin/tsc');
  try {
    const { stdout } = await promisify(execFile)(tsc, ['-p', '.', '--pretty', 'false', ...flags], { cwd: folder });
    return { printed: stdout, isRight: true };
  } catch (error) {
    return { printed: (error as { readonly stdout?: string }).stdout || String(error), isRight: false };
  }
}
