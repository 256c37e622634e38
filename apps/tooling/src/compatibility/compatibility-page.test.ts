import { describe, expect, it } from 'vitest';
import { renderCompatibilityPage } from './compatibility-page.js';
import type { TestReport } from '../test-report.js';
import { collectEvidence } from './evidence.js';
import { parseKnownDifferences } from './known-differences.js';
import { parseChecklist } from './parity-table.js';

const tasks = `# Tasks parity checklist

Rows: 3.

## Calling

| ID | Item | Exact behaviour |
|---|---|---|
| ☐ TR-001 | \`apply_async\` | publishes |
| ☐ TR-002 | countdown \\| eta | seconds | or a date |

## Empty
`;
const settings = `# Settings parity checklist

## Namespace: task

| ID | Setting | Old name | Type | Default |
|---|---|---|---|---|
| ☐ ST-010 | task_acks_late | CELERY_ACKS_LATE | bool | False |
| ☐ ST-011 | task_annotations | | any | None |
`;

const differences = `# Known differences

| ID | In Celery | In ctq |
|---|---|---|
| ST-010, ST-012 | off | on: an accepted task is executed |
`;

const report = (...tests: [titles: string[], status: string][]): TestReport => ({
  testResults: [
    {
      name: '/home/someone/ctq/packages/core/src/task/task.test.ts',
      assertionResults: tests.map(([titles, status]) => ({
        ancestorTitles: titles.slice(0, -1),
        title: titles.at(-1) ?? '',
        status,
      })),
    },
  ],
});

const render = (tests: TestReport): string =>
  renderCompatibilityPage({
    checklists: [tasks, settings].map(parseChecklist),
    evidence: collectEvidence(tests, '/home/someone/ctq'),
    differences: parseKnownDifferences(differences),
  });

const row = (page: string, id: string): string => page.split('\n').find((line) => line.startsWith(`| ${id} `)) ?? '';

describe('the compatibility page', () => {
  it('names the test that shows a behaviour and links to its file', () => {
    const page = render(report([['calling a task', 'publishes a message [TR-001]'], 'passed']));
    expect(row(page, 'TR-001')).toBe(
      '| TR-001 | `apply_async` | yes | calling a task publishes a message ' +
        '([packages/core/src/task/task.test.ts](../../packages/core/src/task/task.test.ts)) |',
    );
  });

  it('leaves out what the test shows of Python and TypeScript together', () => {
    const page = render(
      report([['calling', 'publishes {python → ctq: args} {ctq → python: args} [TR-001]'], 'passed']),
    );
    expect(row(page, 'TR-001')).toContain('| yes | calling publishes ([packages');
  });

  it('counts several ids in one title, ids of the suite, and further tests', () => {
    const page = render(
      report([['calling [TR-001]', 'waits [TR-002, ST-011]'], 'passed'], [['calling [TR-001]', 'publishes'], 'passed']),
    );
    expect(row(page, 'TR-001')).toMatch(/\| yes \| calling waits .* and 1 more \|$/);
    expect(row(page, 'TR-002')).toContain('| yes | calling waits ');
    expect(row(page, 'ST-011')).toContain('| yes | calling waits ');
  });

  it('does not accept a behaviour that one test fails to show, or that only a skipped test names', () => {
    const page = render(
      report(
        [['publishes [TR-001]'], 'passed'],
        [['publishes late [TR-001]'], 'failed'],
        [['waits [TR-002]'], 'skipped'],
      ),
    );
    expect(row(page, 'TR-001')).toContain('| not yet |');
    expect(row(page, 'TR-002')).toContain('| not yet |');
  });

  it('gives the reason of a known difference, whether a test shows it or not', () => {
    const page = render(report([['acknowledges late [ST-010]'], 'passed']));
    expect(row(page, 'ST-010')).toBe('| ST-010 | task_acks_late | differs | on: an accepted task is executed |');
  });

  it('starts with the totals and keeps the order of files and sections', () => {
    const page = render(report([['publishes [TR-001]'], 'passed']));
    expect(page.split('\n').filter((line) => /^(#|\| (Tasks|Settings|\*\*Total))/.test(line))).toEqual([
      '# Compatibility with Celery',
      '| Tasks | 1 | 0 | 1 | 2 |',
      '| Settings | 0 | 1 | 1 | 2 |',
      '| **Total** | 1 | 1 | 2 | 4 |',
      '## Tasks',
      '### Calling',
      '## Settings',
      '### Namespace: task',
    ]);
  });

  it('keeps escaped bars in cells, in items and in titles', () => {
    const page = render(report([['a | b [TR-001]'], 'passed']));
    expect(row(page, 'TR-002')).toContain('| countdown \\| eta |');
    expect(row(page, 'TR-001')).toContain('a \\| b');
  });

  it('names no absolute path', () => {
    expect(render(report([['publishes [TR-001]'], 'passed']))).not.toContain('/home/someone');
  });
});
