import { PARITY_ID, tableCells } from './parity-table.js';

/** Reads the tables of docs/celery/known-differences.md: the id in the first column, the reason in the last. */
export function parseKnownDifferences(markdown: string): Map<string, string> {
  const reasons = new Map<string, string>();
  for (const line of markdown.split('\n')) {
    const [first = '', ...rest] = tableCells(line);
    const reason = rest.at(-1);
    if (reason === undefined) continue;
    for (const [id] of first.matchAll(new RegExp(PARITY_ID, 'g'))) reasons.set(id, reason);
  }
  return reasons;
}
