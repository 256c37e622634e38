import { execFile } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { readPages, root } from './pages.js';
import { repeatedFiles, snippetFiles } from './snippets.js';

const folder = join(root, 'apps/docs-check/dist/snippets');

const compilerOptions = {
  extends: '../../../tooling/tsconfig.base.json',
  compilerOptions: {
    noEmit: true,
    composite: false,
    declaration: false,
    declarationMap: false,
    isolatedDeclarations: false,
    rootDir: '.',
    tsBuildInfoFile: null,
  },
  include: ['**/*.ts'],
  exclude: [],
};

const pages = readPages();
const files = pages.flatMap(snippetFiles);

describe('the snippets of the documentation', () => {
  let output = '';

  beforeAll(async () => {
    await rm(folder, { recursive: true, force: true });
    for (const { path, code } of files) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), code);
    }
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(compilerOptions));
    await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
    output = await compile();
  }, 120_000);

  it.each(pages.filter((page) => snippetFiles(page).length > 0).map(({ path }) => path))('compile: %s', (path) => {
    expect(complaints(output).filter(({ origin }) => origin.startsWith(`${path}:`))).toEqual([]);
  });

  it('compile, all of them', () => {
    expect(output).toBe('');
  });

  it('are the files of the examples where they say so', async () => {
    const repeated = pages.flatMap(repeatedFiles);
    expect(repeated.length).toBeGreaterThan(0);
    for (const { file, code, origin } of repeated) {
      expect(code, `${origin} and ${file}`).toBe(await readFile(join(root, file), 'utf8'));
    }
  });
});

async function compile(): Promise<string> {
  try {
    await promisify(execFile)(join(root, 'node_modules/.bin/tsc'), ['-p', '.', '--pretty', 'false'], { cwd: folder });
    return '';
  } catch (error) {
    return (error as { stdout?: string }).stdout || String(error);
  }
}

/** Compiler errors by the lines of the pages. */
function complaints(text: string): { origin: string; message: string }[] {
  return [...text.matchAll(/^(\S+?)\((\d+),\d+\): (.*)$/gm)].map(([, path, line, message = '']) => {
    const file = files.find((one) => one.path === path);
    if (file === undefined) return { origin: String(path), message };
    const [page = '', fence = '0'] = file.origin.split(':');
    return { origin: `${page}:${Number(fence) + Number(line) - file.addedLines}`, message };
  });
}
