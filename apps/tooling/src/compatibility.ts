/**
 * Writes docs/celery/compatibility.md from the parity checklists beside the repository and the last test report.
 * With `--check` it writes nothing and fails if a test title or the list of known differences names an id that no
 * checklist has. Where the checklists are absent the committed page stays as it is, and is what `--check` reads ids from.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { renderCompatibilityPage } from './compatibility/compatibility-page.js';
import { collectEvidence } from './compatibility/evidence.js';
import { parseKnownDifferences } from './compatibility/known-differences.js';
import { type ParityChecklist, parseChecklist } from './compatibility/parity-table.js';
import type { TestReport } from './test-report.js';

const root = realpathSync(fileURLToPath(new URL('../../..', import.meta.url)));
const page = join(root, 'docs/celery/compatibility.md');
const checklistFolder = join(root, '../shared/parity');
const differencesFile = join(root, 'docs/celery/known-differences.md');
const reportFile = join(root, '.vitest/report.json');

process.exitCode = process.argv.includes('--check') ? check() : write();

function write(): number {
  if (!existsSync(checklistFolder))
    return say('The parity checklists are not here: docs/celery/compatibility.md stays as it is.', 0);
  if (!existsSync(reportFile)) return say('There is no test report: run `npm test` first.', 1);
  const checklists = readChecklists();
  const text = renderCompatibilityPage({ checklists, evidence: readEvidence(), differences: readDifferences() });
  mkdirSync(dirname(page), { recursive: true });
  writeFileSync(page, text);
  return say(`Wrote docs/celery/compatibility.md. ${/^\| \*\*Total\*\* .*$/m.exec(text)?.[0] ?? ''}`, 0);
}

function check(): number {
  const known = knownIds();
  if (known === undefined)
    return say('Neither the parity checklists nor the compatibility page are here: nothing to compare with.', 0);
  const unknown = [
    ...[...readEvidence()].flatMap(([id, tests]) =>
      tests.map(({ title, file }) => ({ id, where: `${file}: ${title}` })),
    ),
    ...[...readDifferences().keys()].map((id) => ({ id, where: 'docs/celery/known-differences.md' })),
  ].filter(({ id }) => !known.has(id));
  for (const { id, where } of unknown) console.log(`${where}: no parity row is called ${id}`);
  return say(`${unknown.length} unknown ids`, unknown.length === 0 ? 0 : 1);
}

function readChecklists(): ParityChecklist[] {
  const files = readdirSync(checklistFolder).filter((file) => file.endsWith('.md'));
  return files.sort().map((file) => parseChecklist(readFileSync(join(checklistFolder, file), 'utf8')));
}

function knownIds(): Set<string> | undefined {
  if (existsSync(checklistFolder)) return idsOf(readChecklists());
  return existsSync(page) ? idsOf([parseChecklist(readFileSync(page, 'utf8'))]) : undefined;
}

function idsOf(checklists: readonly ParityChecklist[]): Set<string> {
  return new Set(checklists.flatMap(({ sections }) => sections.flatMap(({ rows }) => rows.map(({ id }) => id))));
}

function readEvidence(): ReturnType<typeof collectEvidence> {
  if (!existsSync(reportFile)) return new Map();
  return collectEvidence(JSON.parse(readFileSync(reportFile, 'utf8')) as TestReport, root);
}

function readDifferences(): Map<string, string> {
  return parseKnownDifferences(existsSync(differencesFile) ? readFileSync(differencesFile, 'utf8') : '');
}

function say(text: string, code: number): number {
  console.log(text);
  return code;
}
