import type { TestReport } from '@ctq/tooling/test-report';
import { describe, expect, test } from 'vitest';
import { brokerNames } from '../brokers.js';
import { collectEvidence, hasEvidence } from './evidence.js';
import { type FeatureGrid, featureGrids, type FeatureSection, featureSections } from './features.js';
import { interopPage, interopText } from './interop-page.js';
import { interopTable } from './interop-table.js';

const sections: readonly FeatureSection[] = [
  {
    title: 'Calls',
    over: ['Redis'],
    columns: { 'python → ctq': 'Python calls', 'ctq → python': 'ctq calls' },
    features: { args: 'arguments', stamps: { title: 'stamps', except: { 'ctq → python': 'there are none' } } },
  },
];
const grids: readonly FeatureGrid[] = [
  {
    title: 'Values',
    over: ['Redis'],
    rowsOf: 'value',
    rows: ['date'],
    columns: ['json', 'msgpack'],
    keyOf: (row, column) => `${row} in ${column}`,
    cell: (_, column) => (column === 'json' ? ['python → ctq', 'ctq → python'] : 'not carried'),
    notes: ['Of a kind.'],
  },
];

type Ran = readonly [title: string, status: string];

const reportOver = (suite: string, tests: readonly Ran[]): TestReport => ({
  testResults: [
    {
      name: '/somewhere/apps/interop/src/calls.test.ts',
      assertionResults: tests.map(([title, status]) => ({ ancestorTitles: [suite], title, status })),
    },
  ],
});
const report = (...tests: readonly Ran[]): TestReport => reportOver('Suite', tests);
const both = (first: TestReport, second: TestReport): TestReport => ({
  testResults: [...first.testResults, ...second.testResults],
});
const tableOf = (...tests: readonly Ran[]) => interopTable(collectEvidence(report(...tests)), sections, grids);

const whole = [
  ['one {python → ctq: args, stamps} {ctq → python: args}', 'passed'],
  ['two {python → ctq: date in json} {ctq → python: date in json}', 'passed'],
] as const;

describe('The table of what was seen', () => {
  test('has every cell that a passing test shows, and the reasons of those that none has to', () => {
    const table = tableOf(...whole);
    expect(table.faults).toEqual([]);
    const page = interopPage(table);
    const link = '[✓](../../apps/interop/src/calls.test.ts)';
    expect(page).toContain(`| arguments | ${link} | ${link} |`);
    expect(page).toContain(`| stamps | ${link} | there are none |`);
    expect(page).toContain(`| date | ${link} | not carried |`);
    expect(page).toContain('Of a kind.');
    expect(interopText(table)).toMatch(/arguments +✓ +✓\n +stamps +✓ +–\n/);
  });

  test('says which cells no test shows: there is none, it failed, or it was skipped', () => {
    const missing = 'no passing test shows {ctq → python: date in json} over Redis';
    const [one] = whole;
    for (const others of [
      [['two {python → ctq: date in json}', 'passed']],
      [...whole, ['again {ctq → python: date in json}', 'failed']],
      [
        ['two {python → ctq: date in json}', 'passed'],
        ['and {ctq → python: date in json}', 'skipped'],
      ],
    ] as const) {
      const table = tableOf(one, ...others);
      expect(table.faults).toEqual([missing]);
      expect(interopPage(table)).toContain('**not shown**');
      expect(interopText(table)).toContain(`✗ ${missing}`);
    }
  });

  test('says which tests show what it has no cell for', () => {
    const unknown = ['three {python → ctq: argz} {python → both: args}', 'passed'] as const;
    expect(tableOf(...whole, unknown).faults).toEqual([
      'a test shows {python → ctq: argz} over Redis, for which the table has no cell',
      'a test shows {python → both: args} over Redis, for which the table has no cell',
    ]);
  });

  test('has a cell that is shown over each of its brokers, and says so where they are not those of all', () => {
    const overBoth = sections.map((section) => ({ ...section, over: brokerNames }));
    const [args] = whole;
    const onRabbitMq = reportOver('Suite, over RabbitMQ', [args]);
    const ofBoth = interopTable(collectEvidence(both(report(args), onRabbitMq)), overBoth, []);
    expect(ofBoth.faults).toEqual([]);
    expect(interopPage(ofBoth)).toContain('Over Redis and over RabbitMQ.');
    const missing = ['python → ctq: args', 'ctq → python: args', 'python → ctq: stamps'];
    expect(interopTable(collectEvidence(report(args)), overBoth, []).faults).toEqual(
      missing.map((key) => `no passing test shows {${key}} over RabbitMQ`),
    );
    const ownBroker: FeatureSection = {
      title: 'Calls',
      over: brokerNames,
      columns: { 'python → ctq': 'Python calls' },
      features: { args: { title: 'arguments', over: ['Redis'] } },
    };
    const partly = interopTable(collectEvidence(both(report(args), onRabbitMq)), [ownBroker], []);
    expect(partly.faults).toContain('a test shows {python → ctq: args} over RabbitMQ, for which the table has no cell');
    expect(interopPage(partly)).toContain('| arguments | [✓](../../apps/interop/src/calls.test.ts) (Redis) |');
  });

  test('is of nothing where nothing ran, over one of the brokers', () => {
    expect(hasEvidence(report(['one {python → ctq: args}', 'skipped']))).toBe(false);
    expect(hasEvidence(report(['other', 'passed']))).toBe(false);
    expect(hasEvidence(report(...whole))).toBe(false);
    expect(hasEvidence(both(report(...whole), reportOver('Suite, over RabbitMQ', whole)))).toBe(true);
  });

  test('links to the same file in whichever order suites ran', () => {
    const files = ['/x/b.test.ts', '/x/a.test.ts', '/x/c.test.ts'].map((name) => ({
      name,
      assertionResults: [{ ancestorTitles: [], title: 'one {python → ctq: args}', status: 'passed' }],
    }));
    for (const testResults of [files, files.toReversed()]) {
      expect(collectEvidence({ testResults }).get('{python → ctq: args} over Redis')).toEqual({
        file: 'a.test.ts',
        passed: 3,
        failed: 0,
      });
    }
  });

  test('names each feature once', () => {
    const names = featureSections.flatMap(({ features, columns }) =>
      Object.keys(features).flatMap((name) => Object.keys(columns).map((direction) => `${direction}: ${name}`)),
    );
    expect(new Set(names).size).toBe(names.length);
    // Titles give several features with commas between them.
    const keys = featureGrids.flatMap(({ rows, columns, keyOf }) =>
      rows.flatMap((row) => columns.map((column) => keyOf(row, column))),
    );
    expect([...names.map((name) => name.replace(/^.*?: /, '')), ...keys].filter((key) => key.includes(','))).toEqual(
      [],
    );
  });
});
