import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { tableRows } from './markdown.js';
import { root } from './pages.js';

const rows = tableRows(readFileSync(join(root, 'docs/celery/known-differences.md'), 'utf8'));
/** The generated page lists every row of the parity checklists. */
const known = new Set(readFileSync(join(root, 'docs/celery/compatibility.md'), 'utf8').match(/\b[A-Z]{2}-\d{3}\b/g));

describe('docs/celery/known-differences.md', () => {
  it('names one row of the parity checklists each, once', () => {
    const ids = rows.map(([id = '']) => id);
    expect(ids.filter((id) => !known.has(id))).toEqual([]);
    expect(ids).toHaveLength(new Set(ids).size);
  });

  it('says what differs and why', () => {
    const empty = rows.filter((cells) => cells.length !== 4 || cells[1] === '' || /^[–-]?$/.test(cells[3] ?? ''));
    expect(empty).toEqual([]);
  });
});
