/**
 * A workflow of the comparison, made of `add(x, y)` and `total(numbers)`, the same for each contender:
 *
 * - `chord`: `size` calls `add(n, 1)`, and `total` of what they give
 * - `chain`: `add(0, 1)`, and then one is added until there are `size` steps
 * - `nested`: `size` chords, each the first of the two members of the header of the next one; the other is `add(0, 1)`, as are both of the innermost. Bodies are `total`
 * - `group`: `size` calls `add(n, 1)`, and the list of what they give
 */
export interface Shape {
  readonly kind: 'chord' | 'chain' | 'nested' | 'group';
  readonly size: number;
}

export const kinds: readonly Shape['kind'][] = ['chord', 'chain', 'nested', 'group'];

export function nameOf({ kind, size }: Shape): string {
  const count = size.toLocaleString('en');
  return kind === 'nested' ? `${count} nested chords` : `${kind} of ${count}`;
}

/** What it has to come to; of a group the sum of its list. */
export function outcomeOf({ kind, size }: Shape): number {
  switch (kind) {
    case 'chord':
    case 'group':
      return (size * (size + 1)) / 2;
    case 'chain':
      return size;
    case 'nested':
      return size + 1;
  }
}

/** How many tasks that are, where none runs twice. */
export function tasksOf({ kind, size }: Shape): number {
  switch (kind) {
    case 'chord':
      return size + 1;
    case 'chain':
    case 'group':
      return size;
    case 'nested':
      return 2 * size + 1;
  }
}
