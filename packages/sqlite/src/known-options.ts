import { ConfigurationError } from '@ctq/runtime';

/**
 * Refuses options that an adapter does not have, so that a misspelt one is noticed.
 * @throws ConfigurationError with the nearest name.
 */
export function assertKnownOptions(
  adapter: string,
  options: Readonly<Record<string, unknown>>,
  known: readonly string[],
): void {
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    const nearest = nearestName(name, known);
    const hint = nearest === undefined ? `It has: ${known.join(', ')}.` : `Did you mean '${nearest}'?`;
    throw new ConfigurationError('CTQ_UNKNOWN_OPTION', `${adapter} has no option '${name}'. ${hint}`, {
      details: { option: name },
    });
  }
}

/** The known name that takes the fewest edits, if those are few enough to be a slip. */
function nearestName(name: string, known: readonly string[]): string | undefined {
  const wanted = normal(name);
  let best: { readonly name: string; readonly edits: number } | undefined;
  for (const candidate of known) {
    const edits = editDistance(wanted, normal(candidate));
    if (best === undefined || edits < best.edits) best = { name: candidate, edits };
  }
  return best !== undefined && best.edits <= Math.max(2, wanted.length / 3) ? best.name : undefined;
}

function normal(name: string): string {
  return name.replaceAll(/[_-]/g, '').toLowerCase();
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
