import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { compilePrograms } from './compile-programs.js';
import { readPages, root } from './pages.js';
import { repeatedFiles, snippetFiles } from './snippets.js';

const pages = readPages();
const files = pages.flatMap(snippetFiles);

describe('the snippets of the documentation', () => {
  let output = '';

  beforeAll(async () => {
    output = await compilePrograms('snippets', async (folder) => {
      for (const { path, code } of files) {
        await mkdir(dirname(join(folder, path)), { recursive: true });
        await writeFile(join(folder, path), code);
      }
    });
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

/** Compiler errors by the lines of the pages. */
function complaints(text: string): { origin: string; message: string }[] {
  return [...text.matchAll(/^(\S+?)\((\d+),\d+\): (.*)$/gm)].map(([, path, line, message = '']) => {
    const file = files.find((one) => one.path === path);
    if (file === undefined) return { origin: String(path), message };
    const [page = '', fence = '0'] = file.origin.split(':');
    return { origin: `${page}:${Number(fence) + Number(line) - file.addedLines}`, message };
  });
}
