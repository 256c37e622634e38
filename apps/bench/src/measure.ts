/** One figure of a scenario. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: 'tasks/s' | 'events/s' | 'ms' | 'µs' | 'MiB' | 'KiB' | '%' | 's' | '';
  /** What DESIGN expects, if it says. */
  readonly expected?: { readonly atLeast?: number; readonly atMost?: number };
  /** Figures of the same run that it is set in proportion to: what they are called beside it, and their names. */
  readonly beside?: Readonly<Record<string, string>>;
  /** Why there is none; its value is NaN. */
  readonly absent?: string;
  /** Where it stands, for scenarios that are shown as tables. */
  readonly cell?: { readonly table: string; readonly row: readonly string[]; readonly column: string };
}

/** What a scenario is told about one of its runs. */
export interface Run {
  /** From 0. */
  readonly round: number;
  /** A tenth of the work, where there is much. */
  readonly quick: boolean;
  /** Only contenders with one of these in their names, where there are several. */
  readonly only?: readonly string[];
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100))] ?? Number.NaN;
}

/** The same measurement several times; the median of each of its figures. What is absent in one of them has none. */
export async function medianOf(
  runs: number,
  measure: (round: number) => Promise<readonly Figure[]>,
): Promise<readonly Figure[]> {
  const all: (readonly Figure[])[] = [];
  for (let round = 0; round < runs; round += 1) all.push(await measure(round));
  return (all[0] ?? []).map((figure, index) => {
    const same = all.flatMap((figures) => figures[index] ?? []);
    const missing = same.find(({ absent }) => absent !== undefined);
    return missing ?? { ...figure, value: median(same.map(({ value }) => value)) };
  });
}

/** A figure as a multiple of those beside it, where these were measured. */
export function multiples(
  { value, beside = {} }: Figure,
  figures: readonly Figure[],
): Readonly<Record<string, number>> {
  const found = Object.entries(beside).map(([other, name]) => {
    const peer = figures.find((figure) => figure.name === name);
    return [other, value / (peer?.value ?? Number.NaN)] as const;
  });
  return Object.fromEntries(found.filter(([, multiple]) => Number.isFinite(multiple)));
}

export function verdict({ value, expected, absent }: Figure): string {
  if (absent !== undefined) return absent;
  if (expected === undefined) return '';
  if (expected.atLeast !== undefined && value < expected.atLeast)
    return `below the expected ${expected.atLeast.toLocaleString('en')}`;
  if (expected.atMost !== undefined && value > expected.atMost)
    return `above the expected ${expected.atMost.toLocaleString('en')}`;
  return 'as expected';
}
