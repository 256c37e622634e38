import { type Evidence, evidenceKey } from './evidence.js';
import type { Direction, FeatureGrid, FeatureSection } from './features.js';

/** Shown by a passing test, by none or a failing one, or not to be shown, with the reason. */
export type Cell =
  | { readonly kind: 'shown'; readonly file: string }
  | { readonly kind: 'missing' }
  | { readonly kind: 'none'; readonly reason: string };

export interface TableSection {
  readonly title: string;
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
  const cellOf = (keys: readonly string[]): Cell => {
    for (const key of keys) wanted.add(key);
    const missing = keys.filter((key) => !isShown(evidence.get(key)));
    faults.push(...missing.map((key) => `no passing test shows {${key}}`));
    const [file] = keys.map((key) => evidence.get(key)?.file);
    return missing.length > 0 || file === undefined ? { kind: 'missing' } : { kind: 'shown', file };
  };
  const sections = [...lists.map((section) => listed(section, cellOf)), ...grids.map((grid) => gridded(grid, cellOf))];
  for (const key of evidence.keys()) {
    if (!wanted.has(key)) faults.push(`a test shows {${key}}, for which the table has no cell`);
  }
  return { sections, faults };
}

function listed({ title, columns, features }: FeatureSection, cellOf: (keys: readonly string[]) => Cell): TableSection {
  const directions = Object.keys(columns) as Direction[];
  return {
    title,
    head: ['', ...Object.values(columns)],
    rows: Object.entries(features).map(([name, feature]) => {
      const { title: row, except } = typeof feature === 'string' ? { title: feature, except: {} } : feature;
      const cells = directions.map((direction): Cell => {
        const reason = except[direction];
        return reason === undefined ? cellOf([evidenceKey(direction, name)]) : { kind: 'none', reason };
      });
      return { title: row, cells };
    }),
    notes: [],
  };
}

function gridded(
  { title, rowsOf, rows, columns, keyOf, cell, notes }: FeatureGrid,
  cellOf: (keys: readonly string[]) => Cell,
): TableSection {
  return {
    title,
    head: [rowsOf, ...columns],
    rows: rows.map((row) => ({
      title: row,
      cells: columns.map((column): Cell => {
        const directions = cell(row, column);
        if (typeof directions === 'string') return { kind: 'none', reason: directions };
        return cellOf(directions.map((direction) => evidenceKey(direction, keyOf(row, column))));
      }),
    })),
    notes,
  };
}

function isShown(evidence: Evidence | undefined): boolean {
  return evidence !== undefined && evidence.passed > 0 && evidence.failed === 0;
}
