import { execFile } from 'node:child_process';
import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Complaint, complaintsIn, mistakesFolder, mistakesPage, readMistakes } from './mistakes.js';
import { root } from './pages.js';

const folder = join(root, 'apps/docs-check/dist/mistakes');

const compilerOptions = {
  extends: '../../../tooling/tsconfig.base.json',
  compilerOptions: {
    noEmit: true,
    composite: false,
    declaration: false,
    declarationMap: false,
    isolatedDeclarations: false,
    // As most programs are compiled: `strict`, and no more.
    exactOptionalPropertyTypes: false,
    noUncheckedIndexedAccess: false,
    rootDir: '.',
    tsBuildInfoFile: null,
  },
  include: ['*.ts'],
  exclude: [],
};

describe('programs with a mistake', () => {
  const mistakes = readMistakes();
  let complaints: readonly Complaint[] = [];

  beforeAll(async () => {
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    await cp(mistakesFolder, folder, { recursive: true });
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(compilerOptions));
    await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
    complaints = complaintsIn(await compile());
  }, 120_000);

  it.each(mistakes)('do not compile, for one reason: $title ($file)', ({ file, title, line }) => {
    expect(title).not.toBe('');
    expect(line).toBeGreaterThan(0);
    const own = complaints.filter((complaint) => complaint.file === file);
    expect(own.map((complaint) => complaint.line > line)).toEqual([true]);
  });

  it('import what compiles', () => {
    const files = new Set(mistakes.map(({ file }) => file));
    expect(complaints.filter(({ file }) => !files.has(file))).toEqual([]);
  });

  it('are docs/reference/type-errors.md, with what the compiler says (npm test -- apps/docs-check -u writes it)', async () => {
    await expect(mistakesPage(mistakes, complaints)).toMatchFileSnapshot(join(root, 'docs/reference/type-errors.md'));
  });
});

/** What the compiler prints. */
async function compile(): Promise<string> {
  const tsc = join(root, 'node_modules/.bin/tsc');
  const ended = await promisify(execFile)(tsc, ['-p', '.', '--pretty', 'false'], { cwd: folder }).catch(
    (error: unknown) => error as { readonly stdout?: string },
  );
  return ended.stdout ?? '';
}
