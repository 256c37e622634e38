/** One figure of a scenario. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: 'tasks/s' | 'ms' | 'µs' | 'MiB' | 'KiB' | '%' | 's' | '';
  /** What DESIGN expects, if it says. */
  readonly expected?: { readonly atLeast?: number; readonly atMost?: number };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100))] ?? Number.NaN;
}

/** The same measurement several times; the median of each of its figures. */
export async function medianOf(runs: number, measure: () => Promise<readonly Figure[]>): Promise<readonly Figure[]> {
  const all: (readonly Figure[])[] = [];
  for (let run = 0; run < runs; run += 1) all.push(await measure());
  return (all[0] ?? []).map((figure, index) => ({
    ...figure,
    value: median(all.map((figures) => figures[index]?.value ?? Number.NaN)),
  }));
}

export function verdict({ value, expected }: Figure): string {
  if (expected === undefined) return '';
  if (expected.atLeast !== undefined && value < expected.atLeast)
    return `below the expected ${expected.atLeast.toLocaleString('en')}`;
  if (expected.atMost !== undefined && value > expected.atMost)
    return `above the expected ${expected.atMost.toLocaleString('en')}`;
  return 'as expected';
}
