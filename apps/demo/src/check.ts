import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Report } from './analysis.js';

/**
 * The same numbers by another way: one process, one file after the other, streams and counters in place of tasks and results. What the queue
 * computed has to agree with it.
 */
export async function computeAlone(paths: readonly string[]): Promise<Omit<Report, 'retriedFiles'>> {
  const totals = { bytes: 0, lines: 0, words: 0, longestLine: 0 };
  const byKind = new Map<string, number>();
  const words = new Map<string, number>();
  const hashes: string[] = [];
  for (const path of [...paths].sort()) {
    const { size } = await stat(path);
    const file = basename(path);
    const dot = file.lastIndexOf('.');
    const kind = dot > 0 && dot < file.length - 1 ? file.slice(dot) : dot === file.length - 1 && dot > 0 ? '.' : 'none';
    byKind.set(kind, (byKind.get(kind) ?? 0) + 1);
    totals.bytes += size;
    hashes.push(await hashOf(path));
    let endsWithNewline = true;
    // Lines end at a newline alone, as `split('\n')` has it; readline would also end them at a carriage return.
    for await (const { line, complete } of linesOf(path)) {
      totals.lines += 1;
      totals.longestLine = Math.max(totals.longestLine, line.length);
      for (const word of line.split(/\s/u)) if (word.length > 0) totals.words += 1;
      for (const [word] of line.toLowerCase().matchAll(/\p{L}{5,}/gu)) words.set(word, (words.get(word) ?? 0) + 1);
      endsWithNewline = complete;
    }
    if (endsWithNewline) totals.lines += 1;
  }
  const topWords = [...words].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).slice(0, 10);
  return {
    files: paths.length,
    ...totals,
    byKind: Object.fromEntries(byKind),
    topWords,
    fingerprint: createHash('sha256').update(hashes.join('')).digest('hex'),
  };
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  const stream = createReadStream(path);
  stream.on('data', (chunk) => hash.update(chunk));
  await once(stream, 'end');
  return hash.digest('hex');
}

async function* linesOf(path: string): AsyncGenerator<{ line: string; complete: boolean }> {
  let rest = '';
  const stream = createReadStream(path, 'utf8');
  for await (const chunk of stream) {
    rest += String(chunk);
    for (let end = rest.indexOf('\n'); end !== -1; end = rest.indexOf('\n')) {
      yield { line: rest.slice(0, end), complete: true };
      rest = rest.slice(end + 1);
    }
  }
  if (rest !== '') yield { line: rest, complete: false };
}
