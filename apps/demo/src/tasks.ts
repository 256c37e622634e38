import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { Ctq } from '@ctq/core';
import type { ClassifiedFile, FileAnalysis, Report } from './analysis.js';

/** The application: a client and its workers load this same module, and find each other by CTQ_BROKER_URL and CTQ_RESULT_BACKEND. */
export const app = new Ctq('demo');

/** The catalogue is "not answering": what a real service does now and then. */
class CatalogueUnavailable extends Error {
  override readonly name = 'CatalogueUnavailable';
}

/** Reads one file and counts what is in it. */
export const analyse = app.task('demo.analyse', async (path: string): Promise<FileAnalysis> => {
  const content = await readFile(path);
  const text = content.toString('utf8');
  const lines = text.split('\n');
  const words = text.split(/\s+/u).filter((word) => word !== '');
  const frequencies = new Map<string, number>();
  for (const [word] of text.toLowerCase().matchAll(/\p{L}{5,}/gu))
    frequencies.set(word, (frequencies.get(word) ?? 0) + 1);
  return {
    path,
    bytes: content.byteLength,
    lines: lines.length,
    words: words.length,
    sha256: createHash('sha256').update(content).digest('hex'),
    longestLine: longest(lines.map((line) => line.length)),
    frequencies: Object.fromEntries(frequencies),
  };
});

/** Looks up what kind of file it is. Fails at the first attempts for every seventh file, and is retried. */
export const classify = app.task(
  'demo.classify',
  { bind: true, autoretryFor: [CatalogueUnavailable], maxRetries: 5, defaultRetryDelay: '200ms' },
  (ctx, file: FileAnalysis): ClassifiedFile => {
    const { retries } = ctx.request;
    const failures = Number.parseInt(file.sha256.slice(0, 8), 16) % 7 === 0 ? 2 : 0;
    if (retries < failures) throw new CatalogueUnavailable(`attempt ${retries + 1} of ${failures + 1}`);
    return { ...file, kind: extname(file.path) || 'none', attempts: retries + 1 };
  },
);

/** Gathers everything. */
export const report = app.task('demo.report', (files: readonly ClassifiedFile[]): Report => {
  const byKind = new Map<string, number>();
  const frequencies = new Map<string, number>();
  for (const file of files) {
    byKind.set(file.kind, (byKind.get(file.kind) ?? 0) + 1);
    for (const [word, count] of Object.entries(file.frequencies))
      frequencies.set(word, (frequencies.get(word) ?? 0) + count);
  }
  const sum = (pick: (file: ClassifiedFile) => number): number => files.reduce((total, file) => total + pick(file), 0);
  const ordered = [...files].sort((a, b) => (a.path < b.path ? -1 : 1));
  return {
    files: files.length,
    bytes: sum((file) => file.bytes),
    lines: sum((file) => file.lines),
    words: sum((file) => file.words),
    longestLine: longest(files.map((file) => file.longestLine)),
    byKind: Object.fromEntries(byKind),
    topWords: [...frequencies].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).slice(0, 10),
    fingerprint: createHash('sha256')
      .update(ordered.map((file) => file.sha256).join(''))
      .digest('hex'),
    retriedFiles: files.filter((file) => file.attempts > 1).length,
  };
});

/** Not by `Math.max(...lengths)`: a file may have more lines than a call takes arguments. */
function longest(lengths: readonly number[]): number {
  return lengths.reduce((most, length) => Math.max(most, length), 0);
}
