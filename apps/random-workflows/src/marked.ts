import { createHash } from 'node:crypto';

/** What the task of a label returns for its arguments: short, and different for whatever they are. */
export function marked(label: string, args: readonly unknown[]): string {
  const text = `${label}(${JSON.stringify(settled(args))})`;
  return text.length <= 60 ? text : `${label}#${createHash('sha256').update(text).digest('hex').slice(0, 16)}`;
}

/** What a task adds to its chord stands beside it, in no order that is promised: the same value with such neighbours in one order. */
export function settled(value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  const values = value.map(settled);
  const sorted: unknown[] = [];
  for (let at = 0; at < values.length; ) {
    const family = familyOf(values[at]);
    let end = at + 1;
    while (family !== undefined && end < values.length && familyOf(values[end]) === family) end += 1;
    sorted.push(...values.slice(at, end).toSorted((a, b) => (String(a) < String(b) ? -1 : 1)));
    at = end;
  }
  return sorted;
}

/** The label of the task that added it, or that is it; of everything else undefined. */
function familyOf(value: unknown): string | undefined {
  return typeof value === 'string' ? /^(a\d+)[.(#]/.exec(value)?.[1] : undefined;
}
