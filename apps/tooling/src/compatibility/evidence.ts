import { relative, sep } from 'node:path';

/** A test that shows a behaviour. */
export interface Evidence {
  readonly title: string;
  /** Relative to the repository, with `/`. */
  readonly file: string;
  readonly passed: boolean;
}

/** The part of vitest's JSON report that is read here. */
export interface TestReport {
  readonly testResults: readonly {
    readonly name: string;
    readonly assertionResults: readonly {
      readonly ancestorTitles: readonly string[];
      readonly title: string;
      readonly status: string;
    }[];
  }[];
}

/** What a test shows of Python and TypeScript together is of another page. */
const DIRECTIONS = /\s*\{[^{}]* → [^{}]*\}/g;
const BRACKETED_IDS = /\s*\[((?:[A-Z]{2}-\d{3})(?:,\s*[A-Z]{2}-\d{3})*)\]/g;

/** The tests of a report by the parity ids in their titles or their suites' titles: `[TR-123]`, `[TR-123, MS-045]`. */
export function collectEvidence(report: TestReport, root: string): Map<string, Evidence[]> {
  const byId = new Map<string, Evidence[]>();
  for (const { name, assertionResults } of report.testResults) {
    const file = relative(root, name).split(sep).join('/');
    for (const { ancestorTitles, title, status } of assertionResults) {
      if (status !== 'passed' && status !== 'failed') continue; // a skipped test shows nothing
      const whole = [...ancestorTitles, title].join(' ');
      const evidence = {
        title: whole.replace(BRACKETED_IDS, '').replace(DIRECTIONS, '').trim(),
        file,
        passed: status === 'passed',
      };
      for (const id of idsIn(whole)) byId.set(id, [...(byId.get(id) ?? []), evidence]);
    }
  }
  return byId;
}

function idsIn(title: string): Set<string> {
  return new Set([...title.matchAll(BRACKETED_IDS)].flatMap(([, ids = '']) => ids.split(/,\s*/)));
}
