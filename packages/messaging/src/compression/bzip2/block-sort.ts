/**
 * Sorts all rotations of a block: the last byte of each, in that order, and where the block itself is among them. By doubling: rotations
 * sorted by their first 1, 2, 4, … bytes, so that the time does not depend on how repetitive the block is, which attackers choose.
 *
 * @internal
 */
export function sortRotations(block: Uint8Array): { readonly lasts: Uint8Array; readonly origin: number } {
  const { length } = block;
  let order = new Uint32Array(length);
  let shifted = new Uint32Array(length);
  let ranks = new Uint32Array(length);
  let newRanks = new Uint32Array(length);
  const counts = new Uint32Array(Math.max(256, length) + 1);

  sortBy(block, undefined, order, counts, 256);
  let classes = rank(order, newRanks, (a, b) => block[a] === block[b]);
  [ranks, newRanks] = [newRanks, ranks];
  for (let known = 1; known < length && classes < length; known *= 2) {
    // Sorted by the second half already: the rotations that begin `known` earlier.
    for (let index = 0; index < length; index++) shifted[index] = ((order[index] ?? 0) + length - known) % length;
    [order, shifted] = [shifted, order];
    sortBy(ranks, order, shifted, counts, classes);
    [order, shifted] = [shifted, order];
    const step = known;
    const current = ranks;
    classes = rank(
      order,
      newRanks,
      (a, b) => current[a] === current[b] && current[(a + step) % length] === current[(b + step) % length],
    );
    [ranks, newRanks] = [newRanks, ranks];
  }
  const lasts = new Uint8Array(length);
  for (let index = 0; index < length; index++) lasts[index] = block[((order[index] ?? 0) + length - 1) % length] ?? 0;
  return { lasts, origin: order.indexOf(0) };
}

/** Stable counting sort of the places in `from`, or of all, by their keys. */
function sortBy(
  keys: Uint8Array | Uint32Array,
  from: Uint32Array | undefined,
  to: Uint32Array,
  counts: Uint32Array,
  keyCount: number,
): void {
  counts.fill(0, 0, keyCount + 1);
  for (let index = 0; index < to.length; index++)
    counts[(keys[index] ?? 0) + 1] = (counts[(keys[index] ?? 0) + 1] ?? 0) + 1;
  for (let key = 0; key < keyCount; key++) counts[key + 1] = (counts[key + 1] ?? 0) + (counts[key] ?? 0);
  for (let index = 0; index < to.length; index++) {
    const place = from === undefined ? index : (from[index] ?? 0);
    const key = keys[place] ?? 0;
    const position = counts[key] ?? 0;
    counts[key] = position + 1;
    to[position] = place;
  }
}

/** Numbers the places in their order, equal ones alike. Returns how many numbers there are. */
function rank(order: Uint32Array, ranks: Uint32Array, isEqual: (a: number, b: number) => boolean): number {
  let number = 0;
  for (let index = 0; index < order.length; index++) {
    const place = order[index] ?? 0;
    if (index > 0 && !isEqual(place, order[index - 1] ?? 0)) number += 1;
    ranks[place] = number;
  }
  return number + 1;
}
