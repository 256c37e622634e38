import { relative, sep } from 'node:path';
import { ranTests, type TestReport } from '../test-report.js';

/** A test that shows a behaviour. */
export interface Evidence {
  readonly title: string;
  /** Relative to the repository, with `/`. */
  readonly file: string;
  readonly passed: boolean;
}

/** What a test shows of Python and TypeScript together is of another page. */
const DIRECTIONS = /\s*\{[^{}]* → [^{}]*\}/g;
const BRACKETED_IDS = /\s*\[((?:[A-Z]{2}-\d{3})(?:,\s*[A-Z]{2}-\d{3})*)\]/g;

/** The tests of a report by the parity ids in their titles or their suites' titles: `[TR-123]`, `[TR-123, MS-045]`. */
export function collectEvidence(report: TestReport, root: string): Map<string, Evidence[]> {
  const byId = new Map<string, Evidence[]>();
  for (const { file, title, passed } of ranTests(report)) {
    const evidence = {
      title: title.replace(BRACKETED_IDS, '').replace(DIRECTIONS, '').trim(),
      file: relative(root, file).split(sep).join('/'),
      passed,
    };
    for (const id of idsIn(title)) byId.set(id, [...(byId.get(id) ?? []), evidence]);
  }
  return byId;
}

function idsIn(title: string): Set<string> {
  return new Set([...title.matchAll(BRACKETED_IDS)].flatMap(([, ids = '']) => ids.split(/,\s*/)));
}
