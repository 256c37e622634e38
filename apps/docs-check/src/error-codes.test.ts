import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { errorCodes } from './error-codes.js';
import { tableRows } from './markdown.js';
import { root } from './pages.js';

const documented = tableRows(readFileSync(join(root, 'docs/reference/errors.md'), 'utf8')).flatMap(([code = '']) => {
  const found = /^`(CTQ_[A-Z0-9_]+)`$/.exec(code)?.[1];
  return found === undefined ? [] : [found];
});

describe('docs/reference/errors.md', () => {
  it('has a row for every code', () => {
    expect([...errorCodes()].filter((code) => !documented.includes(code)).sort()).toEqual([]);
  });

  it('has no row for a code that is gone', () => {
    const codes = errorCodes();
    expect(documented.filter((code) => !codes.has(code))).toEqual([]);
  });

  it('has one row for each', () => {
    expect(documented).toHaveLength(new Set(documented).size);
  });
});
