import { type Evidence, evidenceKey } from './evidence.js';
import type { BrokerName } from '../brokers.js';
import type { Direction, FeatureGrid, FeatureSection } from './features.js';

/** Shown by a passing test, by none or a failing one, or not to be shown, with the reason. */
export type Cell =
  | { readonly kind: 'shown'; readonly file: string; readonly over: readonly BrokerName[] }
  | { readonly kind: 'missing' }
  | { readonly kind: 'none'; readonly reason: string };

export interface TableSection {
  readonly title: string;
  /** Each cell that does not say otherwise. */
  readonly over: readonly BrokerName[];
  readonly head: readonly string[];
  readonly rows: readonly { readonly title: string; readonly cells: readonly Cell[] }[];
  readonly notes: readonly string[];
}

export interface InteropTable {
  readonly sections: readonly TableSection[];
  /** What is wrong with it: cells that no test shows, and tests that show what no cell is for. */
  readonly faults: readonly string[];
}

/** The table of what tests have shown. The same report gives the same table. */
export function interopTable(
  evidence: ReadonlyMap<string, Evidence>,
  lists: readonly FeatureSection[],
  grids: readonly FeatureGrid[],
): InteropTable {
  const wanted = new Set<string>();
  const faults: string[] = [];
  const cellOf: CellOf = (directions, feature, over) => {
    const keys = over.flatMap((broker) => directions.map((direction) => evidenceKey(direction, feature, broker)));
    for (const key of keys) wanted.add(key);
    const missing = keys.filter((key) => !isShown(evidence.get(key)));
    faults.push(...missing.map((key) => `no passing test shows ${key}`));
    const [file] = keys.map((key) => evidence.get(key)?.file);
    return missing.length > 0 || file === undefined ? { kind: 'missing' } : { kind: 'shown', file, over };
  };
  const sections = [...lists.map((section) => listed(section, cellOf)), ...grids.map((grid) => gridded(grid, cellOf))];
  for (const key of evidence.keys()) {
    if (!wanted.has(key)) faults.push(`a test shows ${key}, for which the table has no cell`);
  }
  return { sections, faults };
}

/** What is shown of a feature in all of these directions, over all of these brokers. */
type CellOf = (directions: readonly Direction[], feature: string, over: readonly BrokerName[]) => Cell;

function listed({ title, over, columns, features }: FeatureSection, cellOf: CellOf): TableSection {
  const directions = Object.keys(columns) as Direction[];
  return {
    title,
    over,
    head: ['', ...Object.values(columns)],
    rows: Object.entries(features).map(([name, feature]) => {
      const row = typeof feature === 'string' ? { title: feature } : feature;
      const cells = directions.map((direction): Cell => {
        const reason = row.except?.[direction];
        return reason === undefined ? cellOf([direction], name, row.over ?? over) : { kind: 'none', reason };
      });
      return { title: row.title, cells };
    }),
    notes: [],
  };
}

function gridded(
  { title, over, rowsOf, rows, columns, keyOf, cell, notes }: FeatureGrid,
  cellOf: CellOf,
): TableSection {
  return {
    title,
    over,
    head: [rowsOf, ...columns],
    rows: rows.map((row) => ({
      title: row,
      cells: columns.map((column): Cell => {
        const directions = cell(row, column);
        if (typeof directions === 'string') return { kind: 'none', reason: directions };
        return cellOf(directions, keyOf(row, column), over);
      }),
    })),
    notes,
  };
}

function isShown(evidence: Evidence | undefined): boolean {
  return evidence !== undefined && evidence.passed > 0 && evidence.failed === 0;
}
