import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { compilePrograms } from './compile-programs.js';
import { type Complaint, complaintsIn, mistakesFolder, mistakesPage, readMistakes } from './mistakes.js';
import { root } from './pages.js';

/** As most programs are compiled: `strict`, and no more. */
const options = { exactOptionalPropertyTypes: false, noUncheckedIndexedAccess: false };

describe('programs with a mistake', () => {
  const mistakes = readMistakes();
  let complaints: readonly Complaint[] = [];

  beforeAll(async () => {
    const copy = (folder: string): Promise<void> => cp(mistakesFolder, folder, { recursive: true });
    complaints = complaintsIn(await compilePrograms('mistakes', copy, options));
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
