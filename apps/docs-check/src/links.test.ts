import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';
import { anchors, links, namedSources } from './markdown.js';
import { readPages, root, sourcePaths } from './pages.js';

const pages = readPages();
const sources = sourcePaths();

describe.each(pages)('$path', ({ path, text }) => {
  it('links to what is there', () => {
    const broken = links(text).filter(({ target }) => {
      if (/^[a-z]+:/i.test(target)) return false;
      const [file = '', anchor] = target.split('#');
      const to = file === '' ? path : normalize(join(dirname(path), file));
      if (!existsSync(join(root, to))) return true;
      return anchor !== undefined && to.endsWith('.md') && !anchors(readFileSync(join(root, to), 'utf8')).has(anchor);
    });
    expect(broken).toEqual([]);
  });
});

/** Pages that describe the code as it is. Guides name files of their readers, decisions those of their day. */
const maps = pages.filter(
  ({ path }) => path === 'ARCHITECTURE.md' || path.startsWith('docs/internals/') || path.startsWith('docs/extend/'),
);

describe.each(maps)('$path', ({ text }) => {
  it('names files that exist', () => {
    const missing = namedSources(text).filter(
      ({ target }) => !sources.some((source) => `/${source}`.endsWith(`/${target}`)),
    );
    expect(missing).toEqual([]);
  });
});
