/**
 * The table of what Python and TypeScript do together, from the report of a test run: printed, and compared with docs/celery/interop.md or, with
 * `--write`, written there. `main.js <report.json> [--write]`; fails where a cell is not shown.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { TestReport } from '@ctq/tooling/test-report';
import { collectEvidence, hasEvidence } from './table/evidence.js';
import { featureGrids, featureSections } from './table/features.js';
import { interopPage, interopText } from './table/interop-page.js';
import { interopTable } from './table/interop-table.js';

const page = fileURLToPath(new URL('../../../docs/celery/interop.md', import.meta.url));
const [report = '', mode] = process.argv.slice(2);

process.exitCode = main();

function main(): number {
  if (!existsSync(report)) {
    console.log(`There is no report of a test run: ${report}`);
    return 1;
  }
  const read = JSON.parse(readFileSync(report, 'utf8')) as TestReport;
  if (!hasEvidence(read)) {
    console.log('No test of Python and TypeScript together has run: there is no table.');
    return 0;
  }
  const table = interopTable(collectEvidence(read), featureSections, featureGrids);
  console.log(interopText(table));
  if (table.faults.length > 0) return 1;
  const text = interopPage(table);
  if (mode === '--write') writeFileSync(page, text);
  if (existsSync(page) && readFileSync(page, 'utf8') === text) return 0;
  console.log('✗ docs/celery/interop.md says something else: npm run interop writes it');
  return 1;
}
